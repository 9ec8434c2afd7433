"""The engine: registry, onboarding, integrity watch and recovery, put together."""
