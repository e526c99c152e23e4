//! The process itself, under the names that every Prometheus client has for it. Read from `/proc` when somebody asks;
//! where there is none, nothing is shown.

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric as _};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use std::{fmt, fs};

/// Ticks of `/proc/self/stat` in a second: fixed by the kernel's interface, whatever its own clock does.
const TICKS: f64 = 100.0;

/// Reads `/proc`.
#[derive(Debug)]
pub(super) struct Process;

/// What `/proc/self` and `/proc/stat` say.
#[derive(Debug, PartialEq)]
struct Read {
    cpu_seconds: f64,
    start_seconds: f64,
    virtual_bytes: u64,
    resident_bytes: u64,
}

impl Read {
    /// From the texts of `/proc/self/stat`, `/proc/self/status` and `/proc/stat`.
    fn parse(stat: &str, status: &str, system: &str) -> Option<Self> {
        // The second field is the program's name, which may hold anything.
        let (_, fields) = stat.rsplit_once(") ")?;
        let field = |number: usize| fields.split(' ').nth(number - 3)?.parse::<f64>().ok();
        let kilobytes = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name))?;
            line.split_whitespace().next()?.parse::<u64>().ok()
        };
        let boot: f64 = system.lines().find_map(|line| line.strip_prefix("btime "))?.trim().parse().ok()?;
        Some(Self {
            cpu_seconds: (field(14)? + field(15)?) / TICKS,
            start_seconds: boot + field(22)? / TICKS,
            virtual_bytes: kilobytes("VmSize:")? * 1024,
            resident_bytes: kilobytes("VmRSS:")? * 1024,
        })
    }

    fn now() -> Option<Self> {
        let text = |path: &str| fs::read_to_string(path).ok();
        Self::parse(&text("/proc/self/stat")?, &text("/proc/self/status")?, &text("/proc/stat")?)
    }
}

impl Collector for Process {
    fn encode(&self, mut encoder: DescriptorEncoder) -> fmt::Result {
        let Some(read) = Read::now() else { return Ok(()) };
        let (name, help) = ("process_cpu_seconds", "Processor time, of user and system together.");
        let cpu = encoder.encode_descriptor(name, help, None, MetricType::Counter)?;
        ConstCounter::new(read.cpu_seconds).encode(cpu)?;
        let files = fs::read_dir("/proc/self/fd").map_or(0, Iterator::count);
        let gauges = [
            ("process_start_time_seconds", "When the process began, in Unix time.", read.start_seconds),
            ("process_virtual_memory_bytes", "Virtual memory.", read.virtual_bytes as f64),
            ("process_resident_memory_bytes", "Resident memory.", read.resident_bytes as f64),
            ("process_open_fds", "Open file descriptors.", files as f64),
        ];
        for (name, help, value) in gauges {
            let gauge = encoder.encode_descriptor(name, help, None, MetricType::Gauge)?;
            ConstGauge::new(value).encode(gauge)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_brackets_and_blanks_moves_no_field() {
        let stat = "12 (a) b (c) S 1 12 12 0 -1 4194560 100 0 0 0 250 50 0 0 20 0 4 0 6000 1000 200";
        let status = "Name:\ta\nVmSize:\t  2048 kB\nVmRSS:\t  1024 kB\n";
        let read = Read::parse(stat, status, "cpu 1 2 3\nbtime 1000\n");
        let expected = Read {
            cpu_seconds: 3.0,
            start_seconds: 1060.0,
            virtual_bytes: 2048 * 1024,
            resident_bytes: 1024 * 1024,
        };
        assert_eq!(read, Some(expected));
    }

    #[test]
    fn what_is_no_such_text_is_nothing() {
        assert_eq!(Read::parse("", "", ""), None);
    }
}
