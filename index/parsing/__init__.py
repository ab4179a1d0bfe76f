"""Files to text with its structure: what a format's author meant as headings, lists and tables.

formats, detection      what a file is, by its content
content, blocks, tables what every format's reader gives, and how it writes it
reading                 a file's bytes, or an archive's, to `Parsed`
sandbox, child          the same in a process of its own, with limits
"""
