"""What every engine does with text alike: templates, tools, grammars, stop strings, chunks."""
