"""Settings one by one, as an owner looks through them."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined, to_jsonable_python

Source = Literal["default", "profile", "file", "environment", "option"]
Path = tuple[str, ...]
NOTHING: Final = object()


@dataclass(frozen=True, slots=True)
class Setting:
    """`value` and `default` as JSON has them; the default is None where there is none."""

    path: Path
    value: Any
    default: Any
    description: str

    @property
    def changed(self) -> bool:
        return bool(self.value != self.default)

    def source(self, file: Mapping[str, Any], environment: Collection[str]) -> Source:
        """Who says so: `environment` has names such as `limits__stop`, of parts or of all of it.

        Every gateway finds its home and its port there, so the file goes first where it agrees.
        """
        told = _told(file, self.path)
        names = ("__".join(self.path[:end]).lower() for end in range(len(self.path), 0, -1))
        if self.changed and told != self.value and any(name in environment for name in names):
            return "environment"
        if told is not NOTHING:
            return "file"
        return "option" if self.changed else "default"


def flat(model: BaseModel, defaults: BaseModel | None = None, path: Path = ()) -> Iterator[Setting]:
    """All settings of `model`, in their order; `defaults`: the same as nobody has changed it."""
    for name, field in type(model).model_fields.items():
        default = _default(field) if defaults is None else getattr(defaults, name)
        about = field.description or ""
        yield from _flat(getattr(model, name), default, (*path, name), about)


def _flat(value: Any, default: Any, path: Path, about: str) -> Iterator[Setting]:
    if isinstance(value, BaseModel):
        yield from flat(value, default if type(default) is type(value) else None, path)
    elif isinstance(value, dict) and any(isinstance(each, BaseModel) for each in value.values()):
        for name, each in value.items():
            known = default.get(name) if isinstance(default, dict) else None
            yield from _flat(each, known, (*path, name), about)
    else:
        yield Setting(path, to_jsonable_python(value), to_jsonable_python(default), about)


def _default(field: FieldInfo) -> Any:
    found = field.get_default(call_default_factory=True)
    return None if found is PydanticUndefined else found


def _told(file: Any, path: Path) -> Any:
    """What it says of `path`, or of all of a part of it; `NOTHING`, where it does not."""
    for name in path:
        if file is None:
            return NOTHING
        if isinstance(file, Mapping):
            file = file.get(name, NOTHING)
    return file
