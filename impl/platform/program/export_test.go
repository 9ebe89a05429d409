package program

// Opening lets tests see what a program asks of a database before it goes on.
var Opening = Program.open
