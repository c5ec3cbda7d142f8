"""What `import segmentation` offers; the package itself loads it when it is first used."""
