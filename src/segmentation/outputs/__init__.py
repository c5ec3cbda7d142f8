"""What leaves the program: masks, cutouts, label maps, run-length submissions, the folder job."""
