"""`hearth config …` and `hearth version`."""

import json

import typer

from serve.cli.options import Config, Home, Port, settings_from

commands = typer.Typer(no_args_is_help=True, help="The configuration: see hearth.example.yaml.")


@commands.command()
def show(home: Home = None, port: Port = None, config: Config = None) -> None:
    """Print the settings in force, as YAML: defaults, file, environment and options together."""
    import yaml

    settings = settings_from(home, port, config).model_dump(mode="json")
    typer.echo(yaml.safe_dump(settings, sort_keys=False), nl=False)


@commands.command()
def schema() -> None:
    """Print the JSON schema of the configuration file, for editors."""
    from serve.config import Settings

    typer.echo(json.dumps(Settings.model_json_schema(), indent=2))


@commands.command()
def check(home: Home = None, port: Port = None, config: Config = None) -> None:
    """Say whether the configuration can be used. Exit code 2, with a line each, when not."""
    settings_from(home, port, config)
    typer.echo("The configuration is valid.")


def version() -> None:
    """Print the version."""
    from importlib.metadata import version as version_of

    typer.echo(version_of("hearth"))
