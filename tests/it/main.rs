//! The tests of the whole, in one program.
