//! Rows as a Markdown table, ready for `docs/performance.md`, and as JSON for whoever compares two runs.

use serde_json::{Value, json};

use super::{Row, Samples};

/// The table, its columns aligned for a terminal as well.
pub(crate) fn table(rows: &[Row]) -> String {
    let head =
        ["what", "median", "min … max", "budget", "of it", "beside", "×", "work", ""].map(str::to_owned);
    let mut lines = vec![head];
    lines.extend(rows.iter().map(cells));
    let width = |column: usize| {
        let cells = lines.iter().filter_map(|line| line.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or_default()
    };
    let widths: Vec<usize> = (0..9).map(width).collect();
    let print = |cells: &[String]| {
        let padded = cells.iter().zip(&widths).map(|(cell, width)| format!(" {cell:<width$} "));
        format!("|{}|\n", padded.collect::<Vec<_>>().join("|"))
    };
    let rule = widths.iter().map(|width| "-".repeat(width + 2)).collect::<Vec<_>>().join("|");
    let mut text = String::new();
    for (number, line) in lines.iter().enumerate() {
        text.push_str(&print(line));
        if number == 0 {
            text.push_str(&format!("|{rule}|\n"));
        }
    }
    text
}

fn cells(row: &Row) -> [String; 9] {
    let unit = row.unit.name();
    let ratio = |value: Option<f64>| value.map_or_else(String::new, |ratio| format!("{ratio:.2}"));
    let work: Vec<String> = row.work.iter().map(|(what, count)| format!("{count} {what}")).collect();
    [
        row.what.to_owned(),
        format!("{} {unit}", number(row.ours.median())).trim().to_owned(),
        format!("{} … {}", number(row.ours.min()), number(row.ours.max())),
        row.budget.map_or_else(String::new, |budget| format!("{} {unit}", number(budget)).trim().to_owned()),
        ratio(row.of_budget()),
        row.beside.as_ref().map_or_else(String::new, |beside| {
            format!("{} {} {unit}", beside.name, number(beside.samples.median())).trim().to_owned()
        }),
        ratio(row.of_beside()),
        work.join(", "),
        if row.kept() { "ok" } else { "OVER" }.to_owned(),
    ]
}

/// Three figures are enough to compare, and more would be noise.
fn number(value: f64) -> String {
    match value.abs() {
        size if size >= 100.0 || size.fract() == 0.0 => format!("{value:.0}"),
        size if size >= 10.0 => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}

/// The whole run as one document.
pub(crate) fn document(machine: &Value, rows: &[Row]) -> Value {
    let rows: Vec<Value> = rows
        .iter()
        .map(|row| {
            let work: Vec<Value> =
                row.work.iter().map(|(what, count)| json!({"what": what, "count": count})).collect();
            json!({
                "what": row.what,
                "unit": row.unit.name(),
                "ours": samples(&row.ours),
                "budget": row.budget,
                "ofBudget": row.of_budget(),
                "beside": row.beside.as_ref().map(|beside| json!({
                    "name": beside.name, "samples": samples(&beside.samples), "atMost": beside.at_most,
                })),
                "ofBeside": row.of_beside(),
                "work": work,
                "kept": row.kept(),
            })
        })
        .collect();
    json!({"machine": machine, "rows": rows})
}

fn samples(samples: &Samples) -> Value {
    json!({"median": samples.median(), "min": samples.min(), "max": samples.max(), "all": samples.0})
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::{Beside, Unit};

    fn row() -> Row {
        Row {
            budget: Some(12.0),
            beside: Some(Beside { name: "curl", samples: Samples::one(4.0), at_most: None }),
            work: vec![("requests".to_owned(), 10)],
            ..Row::new("scan", Unit::Ms, Samples::one(8.0))
        }
    }

    #[test]
    fn the_table_shows_budget_ratio_and_work() {
        let text = table(&[row()]);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 3, "{text}");
        for words in [
            "| scan ",
            "| 8 ms ",
            "| 12 ms ",
            "| 0.67 ",
            "| curl 4 ms ",
            "| 2.00 ",
            "| 10 requests ",
            "| ok ",
        ] {
            assert!(lines[2].contains(words), "{words} is not in {text}");
        }
        let wide: Vec<usize> = lines.iter().map(|line| line.chars().count()).collect();
        assert!(wide.iter().all(|width| *width == wide[0]), "{text}");
    }

    #[test]
    fn a_budget_that_is_not_kept_is_shouted() {
        let over = Row { budget: Some(7.0), ..row() };
        assert!(table(&[over]).contains("OVER"));
    }

    #[test]
    fn the_document_holds_every_sample() {
        let document = document(&json!({"cores": 2}), &[row()]);
        assert_eq!(document["rows"][0]["ours"]["all"], json!([8.0]));
        assert_eq!(document["rows"][0]["beside"]["name"], "curl");
        assert_eq!(document["machine"]["cores"], 2);
    }

    #[test]
    fn numbers_have_three_figures() {
        assert_eq!([0.128, 1.0, 12.34, 1234.5].map(number), ["0.13", "1", "12.3", "1234"]);
    }
}
