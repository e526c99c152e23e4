//! The story on stderr: log lines for people or, with `--log-format json`, JSON lines with the keys that Flux's
//! controllers use (`ts level msg controllerKind name namespace …`), so that log tooling needs no second parser.

use crate::cli::{LogFormat, LogLevel};
use serde_json::{Map, Value};
use std::fmt::{self, Write as _};
use std::io::IsTerminal;
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

/// Sets up logging for the process. Libraries beside our own stay quiet below warnings.
pub(crate) fn init(level: LogLevel, format: LogFormat) {
    let level = match level {
        LogLevel::Error => "error",
        LogLevel::Warn => "warn",
        LogLevel::Info => "info",
        LogLevel::Debug => "debug",
        LogLevel::Trace => "trace",
    };
    let others = if level == "error" { "error" } else { "warn" };
    // What goes wrong with a watch is said by the desk, in our own words. All our crates begin with the last name.
    let directives = format!("{others},kube_runtime=off,kube_client=off,tagalong={level}");
    let lines = Lines { json: format == LogFormat::Json, colour: std::io::stderr().is_terminal() };
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::new(directives))
        .with_writer(std::io::stderr)
        .event_format(lines)
        .finish();
    // A second call, as in tests of one process, leaves the first in force.
    _ = tracing::subscriber::set_global_default(subscriber).is_ok();
}

struct Lines {
    json: bool,
    colour: bool,
}

impl<S, N> FormatEvent<S, N> for Lines
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        _: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let mut fields = Fields::default();
        event.record(&mut fields);
        let level = *event.metadata().level();
        if self.json {
            json_line(&mut writer, level, fields)
        } else {
            text_line(&mut writer, level, &fields, self.colour)
        }
    }
}

fn word(level: Level) -> &'static str {
    match level {
        Level::ERROR => "error",
        Level::WARN => "warn",
        Level::INFO => "info",
        Level::DEBUG => "debug",
        Level::TRACE => "trace",
    }
}

fn json_line(writer: &mut Writer<'_>, level: Level, fields: Fields) -> fmt::Result {
    let mut line = Map::new();
    line.insert("ts".to_owned(), jiff::Timestamp::now().to_string().into());
    line.insert("level".to_owned(), word(level).into());
    line.insert("msg".to_owned(), fields.message.into());
    line.extend(fields.others);
    writeln!(writer, "{}", Value::Object(line))
}

fn text_line(writer: &mut Writer<'_>, level: Level, fields: &Fields, colour: bool) -> fmt::Result {
    let (on, off) = match level {
        Level::ERROR if colour => ("\u{1b}[31m", "\u{1b}[0m"),
        Level::WARN if colour => ("\u{1b}[33m", "\u{1b}[0m"),
        _ => ("", ""),
    };
    let object = |key: &str| fields.others.get(key).and_then(Value::as_str);
    write!(writer, "{} {on}{:5}{off} ", jiff::Timestamp::now().strftime("%H:%M:%S"), word(level))?;
    if let (Some(kind), Some(namespace), Some(name)) =
        (object("controllerKind"), object("namespace"), object("name"))
    {
        write!(writer, "{kind}/{namespace}/{name}: ")?;
    }
    write!(writer, "{}", printable(&fields.message))?;
    for (key, value) in &fields.others {
        if !matches!(key.as_str(), "controllerKind" | "namespace" | "name") {
            let text = value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned);
            write!(writer, " {key}={}", printable(&text))?;
        }
    }
    writeln!(writer)
}

/// Text from outside must not be able to move the cursor or fake a line.
fn printable(text: &str) -> String {
    let visible = |c: char| if c.is_control() && c != '\n' { '\u{fffd}' } else { c };
    text.chars().map(visible).collect::<String>().replace('\n', "\n         ")
}

#[derive(Default)]
struct Fields {
    message: String,
    others: Map<String, Value>,
}

impl Fields {
    fn put(&mut self, field: &Field, value: Value) {
        if field.name() == "message" {
            self.message = value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned);
        } else {
            self.others.insert(field.name().to_owned(), value);
        }
    }
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let mut text = String::new();
        // Writing to a String cannot fail.
        _ = write!(text, "{value:?}").is_ok();
        self.put(field, text.into());
    }
    fn record_str(&mut self, field: &Field, value: &str) {
        self.put(field, value.into());
    }
    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field, value.into());
    }
    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(field, value.into());
    }
    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field, value.into());
    }
}
