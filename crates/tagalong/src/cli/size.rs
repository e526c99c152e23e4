//! Sizes on the command line: a number of bytes, or one with KiB, MiB, GiB, TiB or their short forms K, M, G, T.

use std::str::FromStr;

/// A number of bytes; 2 GiB where nothing is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Size(pub(crate) u64);

impl Default for Size {
    fn default() -> Self {
        Self(2 << 30)
    }
}

impl FromStr for Size {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
        let (number, unit) = text.split_at_checked(digits).unwrap_or_default();
        let shift = match unit.trim_start() {
            "" | "B" => 0,
            "K" | "Ki" | "KiB" => 10,
            "M" | "Mi" | "MiB" => 20,
            "G" | "Gi" | "GiB" => 30,
            "T" | "Ti" | "TiB" => 40,
            _ => return Err("expected a size such as 500MiB or 2GiB"),
        };
        let number: u64 = number.parse().map_err(|_| "expected a size such as 500MiB or 2GiB")?;
        number.checked_mul(1 << shift).map(Self).ok_or("the size is too large")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_is_a_number_and_a_unit() {
        for (text, bytes) in [("0", 0), ("512", 512), ("4K", 4096), ("500MiB", 500 << 20), ("2 GiB", 2 << 30)]
        {
            assert_eq!(text.parse(), Ok(Size(bytes)), "{text}");
        }
        for bad in ["", "GiB", "2GB", "-1", "1.5GiB", "99999999999T"] {
            assert!(bad.parse::<Size>().is_err(), "{bad}");
        }
    }
}
