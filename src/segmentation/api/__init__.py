"""The public API of `import segmentation`, which the package loads when it is first used."""
