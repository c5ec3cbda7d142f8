"""What the program can do, each a typed job: options in, events on the way, a result out."""
