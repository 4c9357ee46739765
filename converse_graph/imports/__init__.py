"""Conversations that another tool or a person wrote: files → statements → a run that is read, never played."""
