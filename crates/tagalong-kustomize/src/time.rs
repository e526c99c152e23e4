//! Dates in plain scalars: which texts are one, and how it is printed. Only [`crate::resolve`] calls it.

/// The text as RFC 3339, if it is a date or a date with a time as Go's YAML libraries accept them.
pub(crate) fn rfc3339(text: &str) -> Option<String> {
    let (year, rest) = text.split_at_checked(4)?;
    let year = digits(year, 4, 4)?;
    let rest = rest.strip_prefix('-')?;
    let (month, rest) = field(rest)?;
    let (day, rest) = field(rest.strip_prefix('-')?)?;
    if !(1..=12).contains(&month) || day == 0 || day > days(year, month) {
        return None;
    }
    let date = format!("{year:04}-{month:02}-{day:02}");
    let Some(separator) = rest.chars().next() else { return Some(format!("{date}T00:00:00Z")) };
    let rest = rest.get(1..)?;
    let (clock, zone) = clock(rest)?;
    let zone = match separator {
        'T' | 't' => offset(zone)?,
        ' ' if zone.is_empty() => "Z".to_owned(),
        _ => return None,
    };
    Some(format!("{date}T{clock}{zone}"))
}

/// `15:4:5.9`, printed, and what follows it.
fn clock(text: &str) -> Option<(String, &str)> {
    let (hour, rest) = field(text)?;
    let (minute, rest) = field(rest.strip_prefix(':')?)?;
    let (second, rest) = field(rest.strip_prefix(':')?)?;
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let (fraction, rest) = match rest.strip_prefix(['.', ',']) {
        Some(after) => {
            let end = after.find(|c: char| !c.is_ascii_digit()).unwrap_or(after.len());
            let (digits, rest) = after.split_at(end);
            if digits.is_empty() || digits.len() > 9 {
                return None;
            }
            (digits.trim_end_matches('0'), rest)
        }
        None => ("", rest),
    };
    let point = if fraction.is_empty() { "" } else { "." };
    Some((format!("{hour:02}:{minute:02}:{second:02}{point}{fraction}"), rest))
}

fn offset(zone: &str) -> Option<String> {
    if zone == "Z" {
        return Some("Z".to_owned());
    }
    let rest = zone.strip_prefix(['+', '-'])?;
    let (hours, minutes) = rest.split_once(':')?;
    let (hours, minutes) = (digits(hours, 2, 2)?, digits(minutes, 2, 2)?);
    if hours > 24 || minutes > 60 {
        return None;
    }
    if hours == 0 && minutes == 0 {
        return Some("Z".to_owned());
    }
    Some(zone.to_owned())
}

/// One or two digits and what follows.
fn field(text: &str) -> Option<(u32, &str)> {
    let end = text.bytes().take(2).take_while(u8::is_ascii_digit).count();
    let (number, rest) = text.split_at_checked(end)?;
    Some((digits(number, 1, 2)?, rest))
}

fn digits(text: &str, least: usize, most: usize) -> Option<u32> {
    let fits = (least..=most).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    if fits { text.parse().ok() } else { None }
}

fn days(year: u32, month: u32) -> u32 {
    match month {
        2 if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_recognised() {
        for (text, expected) in [
            ("2024-01-02", Some("2024-01-02T00:00:00Z")),
            ("2024-1-2T3:4:5Z", Some("2024-01-02T03:04:05Z")),
            ("2024-01-02t03:04:05.120+02:00", Some("2024-01-02T03:04:05.12+02:00")),
            ("2024-01-02 03:04:05", Some("2024-01-02T03:04:05Z")),
            ("2024-02-30", None),
            ("2024-01-02T03:04:05", None),
            ("2024-01-02x", None),
            ("24-01-02", None),
        ] {
            assert_eq!(rfc3339(text).as_deref(), expected, "{text}");
        }
    }
}
