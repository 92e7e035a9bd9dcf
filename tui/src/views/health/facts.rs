//! The service, Postgres and the lanes, a line each.

use jiff::Timestamp;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;
use windlass_core::admin::protocol::{ServiceState, Status};

use crate::message::Link;
use crate::state::State;
use crate::state::database::lanes;
use crate::state::figure::Figure;
use crate::theme::{Theme, Tone};
use crate::widgets::figures;
use crate::widgets::text::{age, bytes};

const LABEL: usize = 9;

pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, state: &State, status: &Status, theme: &Theme) {
    let stale = matches!(state.link, Link::Lost { .. });
    let room = usize::from(area.width).saturating_sub(LABEL);
    let lanes = match &status.lanes {
        Some(found) => lanes(found),
        None => vec![Figure::plain("none without a service")],
    };
    let lines: Vec<Line<'_>> = [
        ("service", service(state, status)),
        ("postgres", postgres(status)),
        ("lanes", lanes),
    ]
    .into_iter()
    .map(|(label, facts)| {
        let mut line = Line::from(Span::styled(format!("{label:<LABEL$}"), theme.style(Tone::Title)));
        for found in figures::lines(&facts, room, 1, stale, theme) {
            line.extend(found.spans);
        }
        line
    })
    .collect();
    frame.render_widget(Paragraph::new(lines), area);
}

fn service(state: &State, status: &Status) -> Vec<Figure> {
    let version = &status.windlass;
    let mut facts = vec![match (&state.link, status.service) {
        (Link::Lost { reason, .. }, _) => Figure::new(Tone::Bad, format!("lost: {reason}")),
        (_, ServiceState::Running) => Figure::new(Tone::Good, format!("running {version}")),
        (_, ServiceState::Stopping) => Figure::new(Tone::Warning, format!("stopping {version}")),
        (_, ServiceState::Down) => Figure::new(Tone::Bad, "down; `windlass serve` starts it"),
    }];
    facts.extend(status.listens.iter().map(Figure::plain));
    facts.extend(status.pid.map(|pid| Figure::plain(format!("pid {pid}"))));
    if let Some(started) = status.started_at {
        facts.push(Figure::plain(format!(
            "up {}",
            age(state.now - started.saturating_mul(1000))
        )));
        if let Ok(at) = Timestamp::from_second(started) {
            facts.push(Figure::plain(format!("since {}", at.strftime("%Y-%m-%d %H:%M UTC"))));
        }
    }
    facts
}

fn postgres(status: &Status) -> Vec<Figure> {
    let database = &status.database;
    let kind = if database.embedded { "embedded" } else { "outside" };
    let mut facts = vec![if database.up {
        Figure::new(Tone::Good, format!("up {}", database.version))
    } else {
        let reason = database.reason.as_deref().unwrap_or("it does not answer");
        Figure::new(Tone::Bad, format!("down: {reason}"))
    }];
    // It may be up and still have something to say.
    if let (true, Some(reason)) = (database.up, &database.reason) {
        facts.push(Figure::new(Tone::Notice, reason));
    }
    facts.push(Figure::plain(kind));
    facts.extend(database.bytes.map(|size| Figure::plain(bytes(size))));
    facts.extend(database.pid.map(|pid| Figure::plain(format!("pid {pid}"))));
    facts.push(Figure::plain(&database.address));
    facts
}
