"""The life of a run: begin, play, pause, resume, extend, fork, replay, interview, estimate."""
