"""The commands of `hhctl local`, one module each."""
