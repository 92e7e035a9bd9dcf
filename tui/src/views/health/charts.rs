//! What the service and the machine did in the last two minutes.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;
use windlass_core::admin::protocol::Sample;

use crate::theme::{Theme, Tone};
use crate::widgets::chart::{bars, gauge, spark};
use crate::widgets::text::{bytes, count, duration, pad};

/// One chart.
struct Chart {
    label: &'static str,
    /// What it is now.
    value: String,
    /// What that means.
    tone: Tone,
    shape: Shape,
    /// How its highest value is written, where there is room for it.
    peak: Option<fn(u64) -> String>,
}

enum Shape {
    /// A value a second; the second figure is a full column.
    Line(Vec<f64>, Option<f64>),
    /// How full something is, from 0 to 1.
    Full(f64),
}

const LABEL: usize = 11;
const VALUE: usize = 9;

/// The requests: what matters most first.
fn requests(samples: &[Sample]) -> Vec<Chart> {
    let last = samples.last().copied().unwrap_or_default();
    let line = |of: fn(&Sample) -> u32| Shape::Line(samples.iter().map(|sample| f64::from(of(sample))).collect(), None);
    let time = |us: u32| match last.requests {
        0 => "–".to_owned(),
        _ => duration(u64::from(us)),
    };
    let rate = |label, of: fn(&Sample) -> u32, tone| Chart {
        label,
        value: count(u64::from(of(&last))),
        tone: if of(&last) > 0 { tone } else { Tone::Plain },
        shape: line(of),
        peak: Some(count),
    };
    let times = |label, of: fn(&Sample) -> u32| Chart {
        label,
        value: time(of(&last)),
        tone: Tone::Plain,
        shape: line(of),
        peak: Some(duration),
    };
    vec![
        rate("requests/s", |sample| sample.requests, Tone::Plain),
        rate("5xx/s", |sample| sample.failed, Tone::Bad),
        times("p99", |sample| sample.p99_us),
        times("p50", |sample| sample.p50_us),
        rate("4xx/s", |sample| sample.refused, Tone::Notice),
    ]
}

/// The machine and the process on it: what matters most first.
fn machine(samples: &[Sample]) -> Vec<Chart> {
    let last = samples.last().copied().unwrap_or_default();
    let line = |of: fn(&Sample) -> f64, top| Shape::Line(samples.iter().map(of).collect(), top);
    let free = |label, free: u64, total: u64| {
        let used = if total > 0 {
            1.0 - free as f64 / total as f64
        } else {
            0.0
        };
        Chart {
            label,
            value: bytes(free),
            tone: match used {
                used if used > 0.97 => Tone::Bad,
                used if used > 0.9 => Tone::Warning,
                _ => Tone::Plain,
            },
            shape: Shape::Full(used),
            peak: None,
        }
    };
    vec![
        Chart {
            label: "cpu",
            value: format!("{:.0} %", last.cpu),
            tone: Tone::Plain,
            // Of one core; more than that only if it uses several.
            shape: line(
                |sample| f64::from(sample.cpu),
                more_than(100.0, samples, |sample| sample.cpu),
            ),
            peak: Some(percent),
        },
        free("disk free", last.disk_free, last.disk_total),
        free("memory free", last.memory_free, last.memory_total),
        Chart {
            label: "machine cpu",
            value: format!("{:.0} %", last.machine_cpu),
            tone: if last.machine_cpu > 90.0 {
                Tone::Warning
            } else {
                Tone::Plain
            },
            shape: line(|sample| f64::from(sample.machine_cpu), Some(100.0)),
            peak: Some(percent),
        },
        Chart {
            label: "memory",
            value: bytes(last.memory),
            tone: Tone::Plain,
            // Room above, so that what grows is seen to grow.
            shape: line(
                |sample| sample.memory as f64,
                Some(samples.iter().map(|sample| sample.memory as f64).fold(0.0, f64::max) * 1.5),
            ),
            peak: Some(bytes),
        },
    ]
}

fn percent(value: u64) -> String {
    format!("{value} %")
}

fn more_than(least: f64, samples: &[Sample], of: fn(&Sample) -> f32) -> Option<f64> {
    Some(samples.iter().map(|sample| f64::from(of(sample))).fold(least, f64::max))
}

/// A line each, in two columns if there is room.
pub(super) fn small(frame: &mut Frame<'_>, area: Rect, samples: &[Sample], old: bool, theme: &Theme) {
    if samples.is_empty() || area.height == 0 {
        return;
    }
    let (left, right) = (requests(samples), machine(samples));
    if area.width >= 70 {
        let [first, _, second] =
            Layout::horizontal([Constraint::Fill(1), Constraint::Length(2), Constraint::Fill(1)]).areas(area);
        column(frame, first, &left, old, theme);
        column(frame, second, &right, old, theme);
    } else {
        // In turns, so that both have a word.
        let mut both = Vec::new();
        let mut right = right.into_iter();
        for chart in left {
            both.push(chart);
            both.extend(right.next());
        }
        // With room for two or three only, what is wrong is among them.
        both.sort_by_key(|chart| match chart.tone {
            Tone::Bad => 0,
            Tone::Warning => 1,
            _ => 2,
        });
        column(frame, area, &both, old, theme);
    }
}

fn column(frame: &mut Frame<'_>, area: Rect, charts: &[Chart], old: bool, theme: &Theme) {
    let lines: Vec<Line<'_>> = charts
        .iter()
        .take(usize::from(area.height))
        .map(|chart| {
            let mut line = head(chart, old, theme);
            line.push_span(Span::raw(" "));
            let room = usize::from(area.width).saturating_sub(line.width());
            for span in shape(chart, room, old, theme) {
                line.push_span(span);
            }
            line
        })
        .collect();
    frame.render_widget(Paragraph::new(lines), area);
}

/// Its mark, its name and what it is now.
fn head(chart: &Chart, old: bool, theme: &Theme) -> Line<'static> {
    let tone = if old { Tone::Dim } else { chart.tone };
    let mark = match chart.tone {
        Tone::Plain => " ",
        tone => theme.mark(tone),
    };
    let value = theme.text(&pad(&chart.value, VALUE, true));
    Line::from(vec![
        Span::styled(format!("{mark} "), theme.style(tone)),
        Span::styled(pad(chart.label, LABEL, false), theme.style(Tone::Dim)),
        Span::styled(value, theme.style(tone)),
    ])
}

fn shape(chart: &Chart, room: usize, old: bool, theme: &Theme) -> Vec<Span<'static>> {
    let tone = paint(chart, old);
    match &chart.shape {
        Shape::Line(values, top) => vec![spark(values, room, *top, tone, theme)],
        Shape::Full(used) => {
            let text = format!(" {:.0} % used", used * 100.0);
            vec![
                gauge(*used, room.saturating_sub(text.len()), tone, theme),
                Span::styled(text, theme.style(tone)),
            ]
        }
    }
}

fn paint(chart: &Chart, old: bool) -> Tone {
    match chart.tone {
        _ if old => Tone::Dim,
        Tone::Plain => Tone::Accent,
        tone => tone,
    }
}

/// Several lines each, one below the other.
pub(super) fn large(frame: &mut Frame<'_>, area: Rect, samples: &[Sample], old: bool, theme: &Theme) {
    if samples.is_empty() {
        return;
    }
    let mut charts = requests(samples);
    charts.extend(machine(samples));
    let gauges = charts
        .iter()
        .filter(|chart| matches!(chart.shape, Shape::Full(_)))
        .count();
    let lines = charts.len() - gauges;
    let room = usize::from(area.height).saturating_sub(charts.len());
    // Every chart has a line for its name; what does not go round belongs to the first ones.
    let height = (room / lines.max(1)).clamp(1, 4);
    let mut spare = if height < 4 {
        room.saturating_sub(height * lines)
    } else {
        0
    };
    let mut shown: Vec<Line<'_>> = Vec::new();
    for chart in &charts {
        let mut line = head(chart, old, theme);
        let width = usize::from(area.width).saturating_sub(2);
        match &chart.shape {
            Shape::Full(_) => {
                line.push_span(Span::raw(" "));
                let room = usize::from(area.width).saturating_sub(line.width());
                for span in shape(chart, room, old, theme) {
                    line.push_span(span);
                }
                shown.push(line);
            }
            Shape::Line(values, top) => {
                if let Some(peak) = chart.peak {
                    let highest = values.iter().copied().fold(0.0, f64::max);
                    let text = theme.text(&format!("  peak {}", peak(highest as u64)));
                    line.push_span(Span::styled(text, theme.style(Tone::Dim)));
                }
                shown.push(line);
                let more = usize::from(spare > 0);
                spare -= more;
                for bar in bars(values, width, height + more, *top, paint(chart, old), theme) {
                    shown.push(Line::from(vec![Span::raw("  "), bar]));
                }
            }
        }
    }
    frame.render_widget(Paragraph::new(shown), area);
}
