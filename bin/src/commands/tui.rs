//! `windlass tui`.

use std::io::IsTerminal;
use std::process::ExitCode;

use windlass_core::app::Project;
use windlass_core::error::{Code, Error, Result};
use windlass_tui::run::{self, Options};
use windlass_tui::theme::Theme;

use crate::cli::Console;

/// Opens the console.
pub async fn run(asked: Console) -> Result<ExitCode> {
    if !(std::io::stdin().is_terminal() && std::io::stdout().is_terminal()) {
        return Err(Error::new(Code::Usage, "the console needs a terminal").with_hint(
            "`windlass health` prints how the service is; `routes`, `migrate status`, `db activity`, `traffic`, `logs` and \
             `config` print the other screens, each with --json",
        ));
    }
    let project = Project::open(&asked.project.dir)?;
    let detected = Theme::detect(|name| std::env::var(name).ok());
    let theme = Theme {
        colour: detected.colour && !asked.no_color,
        light: detected.light || asked.light,
        ascii: detected.ascii || asked.ascii,
    };
    let options = Options {
        theme,
        mouse: asked.mouse,
    };
    run::run(project, options).await?;
    Ok(ExitCode::SUCCESS)
}
