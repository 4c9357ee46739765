"""What a party is told: who may know what, history, notes, recall, and the form that all of it takes."""
