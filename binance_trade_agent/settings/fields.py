"""What a setting's field is made of: default, sentence, bounds and unit; and the base of the groups of them."""

from typing import Any

from pydantic import Field
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict


def default(
    value: Any,
    description: str,
    *,
    allowed: str = "",
    unit: str = "",
    ge: Any = None,
    gt: Any = None,
    le: Any = None,
) -> Any:
    """A field's default, its sentence, what is allowed beyond the type, and the unit of the value."""
    return Field(
        value,
        description=description,
        json_schema_extra={"allowed": allowed, "unit": unit},
        ge=ge,
        gt=gt,
        le=le,
    )


class Group(BaseSettings):
    """Values come from `load_settings` alone, so that building settings never reads the process's environment."""

    model_config = SettingsConfigDict(frozen=True, extra="forbid", alias_generator=str.upper)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Only what the constructor is given."""
        return (init_settings,)
