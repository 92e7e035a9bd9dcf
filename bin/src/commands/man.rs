//! `windlass completions` and `windlass man`: made from the definition of the commands.

use std::process::ExitCode;

use clap::CommandFactory;
use windlass_core::error::{Error, Result};

use crate::cli::Cli;
use crate::report;

/// Prints the manual page.
pub fn run() -> Result<ExitCode> {
    let mut page = Vec::new();
    clap_mangen::Man::new(Cli::command())
        .render(&mut page)
        .map_err(Error::internal)?;
    report::raw(&page);
    Ok(ExitCode::SUCCESS)
}

/// Prints a shell's completions.
pub fn completions(shell: clap_complete::Shell) -> ExitCode {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "windlass", &mut script);
    report::raw(&script);
    ExitCode::SUCCESS
}
