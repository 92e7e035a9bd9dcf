//! The only place that prints: results to standard output, everything else to standard error.

use std::io::{IsTerminal, Write};
use std::process::ExitCode;

use serde::Serialize;
use windlass_core::diagnostic::Diagnostic;
use windlass_core::error::{Code, Error};

/// Prints a line of a result. A reader that has gone away is no failure of ours.
pub fn line(text: impl std::fmt::Display) {
    drop(writeln!(std::io::stdout(), "{text}"));
}

/// Prints a line of a result that goes on; gives whether somebody still reads.
pub fn goes_on(text: impl std::fmt::Display) -> bool {
    writeln!(std::io::stdout(), "{text}").is_ok()
}

/// Prints a result that is text or bytes already.
pub fn raw(bytes: &[u8]) {
    let mut out = std::io::stdout();
    drop(out.write_all(bytes).and_then(|()| out.flush()));
}

/// Says something beside the result.
pub fn note(text: impl std::fmt::Display) {
    drop(writeln!(std::io::stderr(), "{text}"));
}

/// Prints a result as JSON.
pub fn json(value: &impl Serialize) {
    match serde_json::to_string_pretty(value) {
        Ok(text) => line(text),
        Err(error) => note(format_args!("error[internal]: {error}")),
    }
}

/// Prints rows under their headings, each column as wide as it must be.
pub fn table(headings: &[&str], rows: &[Vec<String>]) {
    let widths: Vec<usize> = headings
        .iter()
        .enumerate()
        .map(|(column, heading)| {
            let cells = rows
                .iter()
                .filter_map(|row| row.get(column))
                .map(|cell| cell.chars().count());
            cells.max().unwrap_or(0).max(heading.chars().count())
        })
        .collect();
    let print = |cells: &[String]| {
        let padded: Vec<String> = cells
            .iter()
            .zip(&widths)
            .map(|(cell, width)| format!("{cell:<width$}"))
            .collect();
        line(padded.join("  ").trim_end());
    };
    print(
        &headings
            .iter()
            .map(|heading| heading.to_uppercase())
            .collect::<Vec<_>>(),
    );
    for row in rows {
        print(row);
    }
}

/// Tells a program of a failure: a problem object on standard error, as the service answers; gives the exit code.
pub fn failure_json(error: &Error) -> ExitCode {
    note(String::from_utf8_lossy(&windlass_core::http::problem::for_operator(
        error, "",
    )));
    code(error)
}

/// Tells of a failure with its next step; gives the exit code.
pub fn failure(error: &Error) -> ExitCode {
    let (red, cyan, off) = if colour() {
        ("\x1b[1;31m", "\x1b[1;36m", "\x1b[0m")
    } else {
        ("", "", "")
    };
    note(format_args!("{red}error[{}]{off}: {}", error.code(), error.message()));
    for detail in error.details().unwrap_or_default().lines() {
        note(format_args!("  {detail}"));
    }
    // What may not be shown to a client may be shown to the operator.
    if error.code() == Code::Internal {
        let mut cause = std::error::Error::source(error);
        while let Some(reason) = cause {
            note(format_args!("  {reason}"));
            cause = reason.source();
        }
    }
    if let Some(hint) = error.hint() {
        note(format_args!("{cyan}hint{off}: {hint}"));
    }
    code(error)
}

fn code(error: &Error) -> ExitCode {
    if error.code() == Code::Usage {
        ExitCode::from(2)
    } else {
        ExitCode::FAILURE
    }
}

/// Prints mistakes, one per line, as compilers do.
pub fn diagnostics(found: &[Diagnostic]) {
    for wrong in found {
        line(wrong);
        if let Some(help) = &wrong.help {
            line(format_args!("  help: {help}"));
        }
    }
}

fn colour() -> bool {
    std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|set| set.is_empty())
}
