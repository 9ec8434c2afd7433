"""The camtrust engine: discovery, trust and onboarding of cameras, without a user interface."""
