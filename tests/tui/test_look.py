"""The themes: enough contrast, no colours that people confuse, and nothing that only a colour tells."""

from collections.abc import Iterator
from itertools import combinations

import pytest
from rich.color import Color, ColorSystem
from rich.style import Style

from core.model.config import ScreenSettings
from tui.look import LOOKS, Look, Theme, look, shown_in_place, use_encoding, use_theme
from tui.widgets.lines import strip_of
from tui.words import Tone

Linear = tuple[float, float, float]

# How people without one kind of cone see linear sRGB: Machado, Oliveira and Fernandes 2009, severity 1.
BLINDNESS: dict[str, tuple[Linear, Linear, Linear]] = {
    "deuteranopia": ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.011820, 0.042940, 0.968881)),
    "protanopia": ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998)),
    "none": ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)),
}
TOLD_APART = 20.0
"""A difference in CIELAB that nobody overlooks; 2.3 is just to be seen."""
LEGIBLE = 4.5
"""WCAG 2.1, success criterion 1.4.3."""


@pytest.fixture(autouse=True)
def the_default_afterwards() -> Iterator[None]:
    yield
    use_theme("ansi", "")
    use_encoding("utf-8")


def linear(colour: Color) -> Linear:
    red, green, blue = (part / 255 for part in colour.get_truecolor())
    return _linear(red), _linear(green), _linear(blue)


def _linear(part: float) -> float:
    return part / 12.92 if part <= 0.04045 else float(((part + 0.055) / 1.055) ** 2.4)


def luminance(colour: Color) -> float:
    red, green, blue = linear(colour)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: Color, other: Color) -> float:
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def lab(colour: Color, blindness: str) -> Linear:
    """Return what somebody sees of a colour, in CIELAB under D65."""
    seen = linear(colour)
    red, green, blue = (
        min(max(sum(weight * part for weight, part in zip(row, seen, strict=True)), 0.0), 1.0)
        for row in BLINDNESS[blindness]
    )
    x = (0.4124 * red + 0.3576 * green + 0.1805 * blue) / 0.9505
    y = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    z = (0.0193 * red + 0.1192 * green + 0.9505 * blue) / 1.089
    fx, fy, fz = (value ** (1 / 3) if value > 0.008856 else 7.787 * value + 16 / 116 for value in (x, y, z))
    return 116 * fy - 16, 500 * (fx - fy), 200 * (fy - fz)


def apart(one: Color, other: Color, blindness: str) -> float:
    pairs = zip(lab(one, blindness), lab(other, blindness), strict=True)
    return float(sum((left - right) ** 2 for left, right in pairs) ** 0.5)


def colour_of(style: Style) -> Color:
    assert style.color is not None
    return style.color


@pytest.mark.parametrize("theme", ["night", "contrast"])
@pytest.mark.parametrize("tone", Tone)
def test_every_tone_is_legible_on_the_themes_own_ground(theme: Theme, tone: Tone) -> None:
    style, ground = LOOKS[theme].styles[tone], Color.parse(LOOKS[theme].ground)
    assert style.bgcolor == ground
    # Reversed, both change places: the contrast is the same.
    assert contrast(colour_of(style), ground) >= LEGIBLE


@pytest.mark.parametrize("blindness", BLINDNESS)
def test_whoever_confuses_red_and_green_tells_the_colours_of_the_night_apart(blindness: str) -> None:
    styles = LOOKS["night"].styles
    coloured = (Tone.ALARM, Tone.ASK, Tone.WORK, Tone.WARN)
    for one, other in combinations(coloured, 2):
        assert apart(colour_of(styles[one]), colour_of(styles[other]), blindness) >= TOLD_APART, (one, other)


def test_the_night_is_the_same_with_256_colours() -> None:
    night = LOOKS["night"]
    used = [*map(colour_of, night.styles.values()), Color.parse(night.ground), Color.parse(night.ink)]
    for colour in used:
        assert colour.downgrade(ColorSystem.EIGHT_BIT).get_truecolor() == colour.triplet


def test_with_16_colours_high_contrast_is_white_on_black() -> None:
    numbers = [Color.parse(name).downgrade(ColorSystem.STANDARD).number for name in ("#ffffff", "#000000")]
    assert numbers == [15, 0]


def attributes(style: Style) -> tuple[bool, ...]:
    return tuple(map(bool, (style.bold, style.dim, style.underline, style.reverse)))


def test_high_contrast_uses_no_colour_and_nothing_dim() -> None:
    for style in LOOKS["contrast"].styles.values():
        assert colour_of(style) == Color.parse("#ffffff")
        assert not style.dim


@pytest.mark.parametrize("drawn", LOOKS.values(), ids=LOOKS)
def test_the_alarm_and_the_cursor_stand_out_without_any_colour(drawn: Look) -> None:
    assert drawn.cursor.reverse
    others = {attributes(style) for tone, style in drawn.styles.items() if tone is not Tone.ALARM}
    assert attributes(drawn.styles[Tone.ALARM]) not in others


@pytest.mark.parametrize(
    ("theme", "colours", "used"),
    [
        ("night", "truecolor", "night"),
        ("night", "256", "night"),
        ("night", "standard", "ansi"),
        ("night", "", "ansi"),
        ("contrast", "standard", "contrast"),
        ("contrast", "", "contrast"),
        ("ansi", "truecolor", "ansi"),
    ],
)
def test_a_theme_is_used_where_the_terminal_has_its_colours(theme: Theme, colours: str, used: Theme) -> None:
    use_theme(theme, colours)
    assert look() is LOOKS[used]


def test_the_settings_offer_just_these_themes() -> None:
    for theme in LOOKS:
        assert ScreenSettings(theme=theme).theme == theme


def test_a_line_is_drawn_in_the_theme_of_the_moment_to_its_very_end() -> None:
    line = (("!! ", Tone.ALARM), ("Dock", Tone.PLAIN))
    before = strip_of(line, 20, reverse=True)
    use_theme("contrast", "standard")
    after = strip_of(line, 20, reverse=True)
    assert after != before
    assert all(segment.style and segment.style.reverse and segment.style.bold for segment in after)


def test_what_has_a_cursor_in_it_keeps_its_width() -> None:
    use_encoding("ascii")
    assert shown_in_place("a…•カé") == "a?*???"
    use_encoding("iso8859-1")
    assert shown_in_place("é…") == "é?"
