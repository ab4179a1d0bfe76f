"""The sections of the configuration, as `serve.config.Settings` puts them together."""
