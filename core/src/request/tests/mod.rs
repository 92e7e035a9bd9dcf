//! Tables of cases, and printing back what was read.

mod cases;
mod print;
mod round;
