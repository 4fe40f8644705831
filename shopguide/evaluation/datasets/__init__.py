"""Folders of real behaviour as a catalogue and feedback events, without a database."""
