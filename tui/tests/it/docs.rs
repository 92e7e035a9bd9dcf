//! `docs/console.md` is made from the code: screens are painted, keys and filters read from their tables. Run with
//! `UPDATE_DOCS=1` to write it anew.

use std::fmt::Write;
use std::path::Path;

use windlass_core::telemetry::{logs, traffic};
use windlass_tui::keys::{self, Binding};
use windlass_tui::screen::Screen;
use windlass_tui::state::{ARMED_MS, palette};
use windlass_tui::theme::Theme;

use crate::fixture::World;
use crate::screens::console;

const SIZE: (u16, u16) = (80, 24);

#[test]
fn the_page_of_the_console_is_up_to_date() {
    let page = page();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/console.md");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&path, &page).unwrap();
    }
    assert_eq!(
        std::fs::read_to_string(&path).unwrap_or_default(),
        page,
        "run the test once with UPDATE_DOCS=1"
    );
}

fn page() -> String {
    let mut page = BEGINNING.replace("{minutes}", &(ARMED_MS / 60_000).to_string());
    page.push_str("\n## Screens\n\n| key | screen | the same on the command line |\n|---|---|---|\n");
    for screen in Screen::ALL {
        let (_, commands) = told(*screen);
        writeln!(page, "| `{}` | {} | {commands} |", screen.digit(), screen.title()).unwrap();
    }
    page.push_str("\nThe digits between belong to screens that are still to come.\n");
    for screen in Screen::ALL {
        let (what, _) = told(*screen);
        let shot = console(World::Loaded, *screen, SIZE).shot(&Theme::default());
        write!(page, "\n### {}\n\n{what}\n\n```text\n{shot}```\n", screen.title()).unwrap();
    }
    let shot = console(World::DatabaseDown, Screen::Health, SIZE).shot(&Theme::default());
    page.push_str(&DOWN.replace("{shot}", &shot));
    keys_of(&mut page);
    filters(&mut page);
    page.push_str(COPYING);
    page
}

const BEGINNING: &str = "\
# The console

Made by a test in `tui/tests/it/docs.rs` from the program's own screens and tables, which keeps it true.

`windlass tui` shows one running backend in the terminal: what is wrong first, then routes, migrations, the database,
requests and log lines as they come, and the settings in force. It speaks with the service through a Unix socket, so no
port is opened, and whoever may use the socket's file may use it.

```console
$ windlass tui --dir /srv/app
$ ssh -t app.example.org windlass tui --dir /srv/app      # from elsewhere
```

| option | for |
|---|---|
| `--dir DIR` | the project; without it, the current directory |
| `--ascii` | terminals without UTF-8; also chosen by a locale without it |
| `--light` | a light background; also chosen by `COLORFGBG` |
| `--no-color` | no colours; `NO_COLOR` in the environment and `TERM=dumb` do the same |
| `--mouse` | the wheel moves; the terminal's own selection then needs Shift |

80×24 has room for everything that matters, 60×15 for the most of it; 40×10 is the least. Meaning is never in a colour
alone: `✓ ! ✗` stand beside it (`+ ! x` in ASCII). Without a terminal, `windlass tui` ends with exit code 2 and names the
command that prints the same.

## What it may change

- It starts **read-only**. `W` allows writes for {minutes} minutes, or forbids them again; the header says which.
- Each change is asked about first, with the SQL that runs and the command that does the same. **Cancel** is the default
  answer, and Esc always cancels.
- What cannot be undone asks for its **name to be typed**.
- What is confirmed is what was seen: if the migrations or the session have changed meanwhile, the service refuses.
- Each change is written to the **audit** before it is done, and how it ended after that, with the name of the user at
  the other end of the socket. Settings shows it, and so does `windlass audit`.
- What was refused says why, and names the equal command.
- The form that tries a route sends `GET` at once, and anything else only while writes are allowed.
";

/// What a screen is for, and the commands that print the same.
const fn told(screen: Screen) -> (&'static str, &'static str) {
    match screen {
        Screen::Health => (
            "Every check, the worst first, each with its cause and the next step; the last two minutes of requests, times, \
             faults, processor and memory; PostgreSQL and the ways to it.",
            "`windlass health`",
        ),
        Screen::Routes => (
            "Every route with its file, who may use it and how it does. Enter shows parameters, fields, guards, the \
             statement and PostgreSQL's plan; `t` tries it with a form, `Y` copies it as curl, `d` disables it.",
            "`windlass routes`",
        ),
        Screen::Migrations => (
            "What is pending first. Enter shows the SQL; `c` rehearses what is pending in a transaction that is rolled \
             back, and tells locks, rewrites, rows and changed routes; `a` applies, `u` undoes the last one.",
            "`windlass migrate status`, `windlass migrate check`",
        ),
        Screen::Database => (
            "Sessions, slow statements, who waits for whom, tables, and indexes with what is wrong with them, in tabs. \
             `x` cancels a session's statement, `X` ends the session.",
            "`windlass db activity`, `slow`, `locks`, `tables`, `indexes`",
        ),
        Screen::Traffic => (
            "Requests as they are answered, the newest at the bottom. What is answered while the screen is shown is \
             seen, and the last 1,000 are kept. The newest one is followed until another one is selected; `G` follows again. Enter shows one with the \
             time of each stage, `y` copies its id, `Space` freezes the view while new ones wait behind it. Sorted \
             (`s`), the first one is followed instead: by `ms`, that is the slowest.",
            "`windlass traffic`",
        ),
        Screen::Logs => (
            "Log lines of the service and of PostgreSQL, the newest at the bottom; the last 2,000 are kept. `v` shows only \
             warnings, only errors, or all. Enter shows a line with all its fields, `y` copies it.",
            "`windlass logs`",
        ),
        Screen::Settings => (
            "The settings in force with where each comes from, secrets masked, and the audit.",
            "`windlass config`, `windlass audit`",
        ),
    }
}

const DOWN: &str = "
## When something is down

**PostgreSQL is down**: the service still answers the console. Health shows it within seconds, with the reason and the
next step; traffic and logs go on; what needs the database keeps its last values, and the last line says why.

```text
{shot}```

**The service is lost** while the console is open: the last values stay, dimmed, with their age in the header, and the
console looks for the service in the background.

**There is no service**: the console asks the database and the files itself. With `database.url`, or where the embedded
PostgreSQL still runs, Migrations and Database work; where it does not, they keep what was seen last, with its age, and the
last line says why. Logs reads the journal or PostgreSQL's own log every two seconds, Settings the files, Traffic is empty.
What only a service can do is refused, with the reason.

**The service is of another version**: the console says so, and what to do.
";

fn keys_of(page: &mut String) {
    page.push_str(
        "\n## Keys\n\n`?` shows those of a screen. Keys marked with W change something: writes must be allowed \
         first. What has a word can also be typed after `:`, where Tab completes it.\n",
    );
    let own = Screen::ALL.iter().map(|screen| (screen.title(), Some(*screen)));
    for (title, screen) in [("Everywhere", None)].into_iter().chain(own) {
        let mut bindings = keys::BINDINGS
            .iter()
            .filter(|binding| binding.screen == screen)
            .peekable();
        if bindings.peek().is_none() {
            continue;
        }
        write!(
            page,
            "\n### {}\n\n| key | does | after `:` |\n|---|---|---|\n",
            heading(title, screen)
        )
        .unwrap();
        for binding in bindings {
            let word = palette::commands(screen.unwrap_or(Screen::Health))
                .into_iter()
                .find(|command| command.action == binding.action)
                .map(|command| format!("`{}`", command.name));
            let word = word.unwrap_or_default();
            writeln!(page, "| {} | {} | {word} |", names(binding), does(binding)).unwrap();
        }
    }
}

fn heading(title: &str, screen: Option<Screen>) -> String {
    match screen {
        Some(_) => format!("On {title}"),
        None => title.to_owned(),
    }
}

fn names(binding: &Binding) -> String {
    let names: Vec<String> = binding.keys.iter().map(|key| format!("`{key}`")).collect();
    names.join(", ")
}

fn does(binding: &Binding) -> String {
    let armed = if binding.writes { " (W)" } else { "" };
    format!("{}{armed}", binding.help)
}

fn filters(page: &mut String) {
    page.push_str(
        "
## Filters

`/` filters what a table shows while it is typed; Enter keeps it, Esc goes back. Words must all be there, `-` before a
word negates it. `column:word` looks in one column, which is named as its heading is, in lower case. A wrong filter is
told with its place and what is allowed, and hides nothing.

Traffic and Logs have languages of their own, the same as `windlass traffic` and `windlass logs` take. \
`\"two words\"` belong together.
",
    );
    for (title, example, known) in [
        (
            "Traffic",
            "status:5xx ms:>200 path:/api/leads -method:GET",
            traffic::filter::KEYS,
        ),
        ("Logs", "level:warn target:postgres -checkpoint", logs::filter::KEYS),
    ] {
        write!(
            page,
            "\n### Of {title}\n\n`{example}`\n\n| key | values | picks |\n|---|---|---|\n"
        )
        .unwrap();
        for key in known {
            let values: Vec<String> = key.values.split(", ").map(|value| format!("`{value}`")).collect();
            writeln!(page, "| `{}:` | {} | {} |", key.name, values.join(", "), key.meaning).unwrap();
        }
        page.push_str("| a word | | that it stands anywhere |\n");
    }
}

const COPYING: &str = "
## Copying

`y` hands the text to your own terminal with the escape sequence OSC 52, so it reaches your clipboard through SSH as well.
Nothing is ever read from the clipboard. Some terminals must be told to accept it:

| where | setting |
|---|---|
| tmux | `set -g set-clipboard on` |
| xterm | `XTerm*disallowedWindowOps: 20,21,SetXprop` |
| iTerm2 | Settings → General → Selection → Applications in terminal may access clipboard |
| terminals built on VTE, such as GNOME Terminal | most versions do not accept it: select with the mouse instead (without `--mouse`) |
";
