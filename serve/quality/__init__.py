"""Golden questions: asked again and again, so that a drop is noticed."""
