"""The screen that tells who is attached to the engine now."""

from core.model.messages import Attached
from core.service.client import terminal_name
from tui.paragraphs import Line, plain
from tui.people import people_lines, this_screen
from tui.screens.frame import Frame
from tui.words import Tone, plural


class PeopleScreen(Frame):
    """Follows as they come and go."""

    def heading(self) -> Line:
        """Return how many they are."""
        return plain(f" {plural(len(self._attached()), 'screen')} on this engine", Tone.STRONG)

    def lines(self, width: int) -> list[Line]:
        """Return who they are."""
        attached = self._attached()
        mine = this_screen(attached, self.session.link.state.welcome, terminal_name())
        return people_lines(attached, mine, self.session.now(), width)

    def _attached(self) -> tuple[Attached, ...]:
        status = self.session.site.status
        return status.attached if status is not None else ()
