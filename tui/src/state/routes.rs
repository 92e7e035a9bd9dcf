//! The state of the screen Routes.

use windlass_core::admin::protocol::{Act, Ask, RouteLine};

use super::data::Data;
use super::detail::Detail;
use super::document;
use super::list::{Cell, Column, List, Row, Width};
use super::panel::{Panel, Step, Want};
use super::route_text::{self, PARTS};
use super::trial::{Form, curl_of};
use crate::keys::Action;
use crate::theme::Tone;
use crate::widgets::text::{count, duration};

/// What is selected and opened on it.
#[derive(Debug, Default)]
pub struct Routes {
    list: List,
    detail: Option<Detail>,
    later: Option<Later>,
    columns: usize,
}

/// What waits for a route's detail.
#[derive(Debug)]
struct Later {
    route: String,
    what: What,
}

#[derive(Debug, Clone, Copy)]
enum What {
    Form,
    Curl,
}

const COLUMNS: &[Column] = &[
    Column::text("Method", Width::Fixed(6), 0),
    Column::text("Path", Width::Fill(28), 0),
    Column::number("req/s", 5, 1),
    Column::number("p50", 6, 6),
    Column::number("p99", 6, 2),
    Column::number("4xx", 5, 4),
    Column::number("5xx", 5, 3),
    Column::text("Access", Width::Fixed(17), 5),
    Column::text("File", Width::Fill(22), 7),
];

impl Routes {
    /// What is opened.
    #[must_use]
    pub fn opened(&self) -> Option<&Detail> {
        self.detail.as_ref()
    }

    /// The route that is opened, or else selected.
    fn chosen(&self, data: &Data) -> Option<String> {
        match &self.detail {
            Some(detail) => Some(detail.key.clone()),
            None => {
                let rows = self.list.shown(self.rows(data), COLUMNS);
                self.list.key(&rows).map(ToOwned::to_owned)
            }
        }
    }

    fn copy(&self, route: &str, data: &Data) -> String {
        let shown = self.detail.as_ref().map(|detail| detail.part);
        let text = data.route(route).and_then(|detail| match shown {
            Some(route_text::SQL) => detail.sql.clone(),
            Some(part) if part > route_text::SQL => detail.explain.clone(),
            _ => None,
        });
        text.unwrap_or_else(|| route.to_owned())
    }

    /// Does it now if the detail is there, else asks for it.
    fn with_detail(&mut self, route: String, what: What, data: &Data) -> Vec<Step> {
        if data.route(&route).is_some() {
            return go_on(&route, what, data);
        }
        let ask = Ask::Route { route: route.clone() };
        let say = Step::Say(Tone::Plain, format!("asking for {route}…"));
        self.later = Some(Later { route, what });
        vec![Step::Ask(ask), say]
    }
}

fn go_on(route: &str, what: What, data: &Data) -> Vec<Step> {
    let Some(detail) = data.route(route) else {
        return Vec::new();
    };
    let Some(address) = data.status().and_then(|status| status.listens.first()) else {
        let text = "no address is known, as the service is down; start it with `windlass serve`";
        return vec![Step::Say(Tone::Warning, text.to_owned())];
    };
    vec![match what {
        What::Form => Step::Form(Box::new(Form::new(detail.clone(), address.clone()))),
        What::Curl => Step::Copy(curl_of(detail, address)),
    }]
}

fn switch(line: &RouteLine) -> Step {
    let route = line.route.clone();
    let name = route.replace('\'', "''");
    match line.disabled {
        None => Step::Confirm(
            Act::DisableRoute { route },
            vec![
                "insert into windlass.route_state (route, disabled_at, disabled_by)".to_owned(),
                format!("values ('{name}', now(), $1)  -- your user name"),
            ],
        ),
        Some(_) => Step::Confirm(
            Act::EnableRoute { route },
            vec![format!("delete from windlass.route_state where route = '{name}'")],
        ),
    }
}

impl Panel for Routes {
    fn wants(&self) -> Vec<Want> {
        let mut wants = vec![Want {
            ask: Ask::Routes,
            every: 2000,
        }];
        if let Some(detail) = &self.detail {
            let route = detail.key.clone();
            wants.push(Want {
                ask: Ask::Route { route },
                every: 0,
            });
        }
        wants
    }

    fn columns(&self) -> &'static [Column] {
        COLUMNS
    }

    fn rows(&self, data: &Data) -> Vec<Row> {
        data.routes().into_iter().flatten().map(row).collect()
    }

    fn list(&self) -> Option<&List> {
        self.detail.is_none().then_some(&self.list)
    }

    fn list_mut(&mut self) -> Option<&mut List> {
        self.detail.is_none().then_some(&mut self.list)
    }

    fn act(&mut self, action: Action, data: &Data, page: usize) -> Option<Vec<Step>> {
        // Whoever goes on does not wait for what was asked before.
        self.later = None;
        if let Some(detail) = &mut self.detail {
            let lines = document::wrap(route_text::part(data, &detail.key, detail.part), self.columns).len();
            if detail.go(action, PARTS.len(), lines, page) {
                return Some(Vec::new());
            }
        }
        if !matches!(
            action,
            Action::Open | Action::Copy | Action::CopyCurl | Action::SwitchRoute | Action::TryRoute
        ) {
            return None;
        }
        let Some(route) = self.chosen(data) else {
            return Some(vec![Step::Say(Tone::Notice, "no route is selected".to_owned())]);
        };
        Some(match action {
            Action::Open if self.detail.is_some() => Vec::new(),
            Action::Open => {
                self.detail = Some(Detail::at(route.clone(), 0));
                self.list.select_key(route.clone());
                vec![Step::Ask(Ask::Route { route })]
            }
            Action::Copy => vec![Step::Copy(self.copy(&route, data))],
            Action::CopyCurl => self.with_detail(route, What::Curl, data),
            Action::TryRoute => self.with_detail(route, What::Form, data),
            _ => {
                let line = data.routes().into_iter().flatten().find(|line| line.route == route);
                line.map(switch).into_iter().collect()
            }
        })
    }

    fn sized(&mut self, size: (u16, u16)) {
        self.columns = usize::from(size.0);
    }

    fn peel(&mut self) -> bool {
        self.detail.take().is_some()
    }

    fn resume(&mut self, data: &Data) -> Vec<Step> {
        let Some(later) = self.later.take() else {
            return Vec::new();
        };
        let route = later.route.clone();
        let ask = Ask::Route { route };
        if data.is_pending(&ask) {
            self.later = Some(later);
            return Vec::new();
        }
        if data.due(&ask, 0).is_some() {
            // It was given up when the way to the service was lost.
            self.later = Some(later);
            return vec![Step::Ask(ask)];
        }
        match data.refusal(&ask) {
            Some(refusal) => vec![Step::Say(Tone::Bad, refusal.sentence())],
            None => go_on(&later.route, later.what, data),
        }
    }
}

fn row(line: &RouteLine) -> Row {
    let path = match line.disabled {
        Some(_) => Cell::text(format!("disabled {}", line.path)).marked(Tone::Warning),
        None => Cell::text(&line.path),
    };
    let mut cells = vec![Cell::text(&line.method), path];
    match &line.figures {
        Some(figures) => {
            let time = |us: u32| match us {
                0 => Cell::text("-").tone(Tone::Dim),
                us => Cell::number(f64::from(us), duration(u64::from(us))),
            };
            let failed = Cell::number(figures.failed as f64, count(figures.failed));
            cells.extend([
                Cell::number(figures.rate, route_text::rate(figures.rate)),
                time(figures.p50_us),
                time(figures.p99_us),
                Cell::number(figures.refused as f64, count(figures.refused)),
                if figures.failed > 0 {
                    failed.tone(Tone::Bad)
                } else {
                    failed
                },
            ]);
        }
        None => cells.extend((0..5).map(|_| Cell::text("-").tone(Tone::Dim))),
    }
    cells.extend([Cell::text(route_text::access(line)), Cell::text(&line.file)]);
    Row {
        key: line.route.clone(),
        cells,
    }
}
