//! The `windlass` command.

mod cli;
mod commands;
mod figures;
mod report;
mod stop;

use std::process::ExitCode;

use clap::Parser;
use windlass_core::error::Error;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    // clap itself ends with 2 on wrong usage.
    let cli = cli::Cli::parse();
    let json = cli.command.json();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let result = match runtime {
        Ok(runtime) => {
            let result = runtime.block_on(commands::run(cli));
            runtime.shutdown_timeout(std::time::Duration::from_secs(1));
            result
        }
        Err(error) => Err(Error::internal(error)),
    };
    result.unwrap_or_else(|error| {
        if json {
            report::failure_json(&error)
        } else {
            report::failure(&error)
        }
    })
}
