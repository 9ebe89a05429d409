package program

// Opening lets tests see the statements of a program at its start.
var Opening = Program.open
