"""The commands of `somaforge`, grouped by what they work on."""
