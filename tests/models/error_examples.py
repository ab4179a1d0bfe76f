"""One or two of every error of an engine."""

from models import errors
from models.errors import ContextLengthExceeded, EngineBusy, PromptRefused

EXAMPLES = [
    PromptRefused("Roles must alternate.", "messages", "invalid_value"),
    PromptRefused("Too long."),
    ContextLengthExceeded.of(context=100, prompt=90, output=20, param="prompt"),
    EngineBusy("Full.", 2.5),
    errors.EngineUnavailable("Loading.", 7.0),
    errors.EngineNotLoaded("It sleeps.", 1.0, "asleep"),
    errors.EngineInterrupted("It broke off."),
    errors.EngineDied("It broke off."),
    errors.GenerationTimeout("Too late."),
    errors.ModelRefused("Damaged."),
    errors.DoesNotFit("Too large.", "cache"),
]
