// What is read off the machine: processor time, memory, latencies.
import { readFileSync } from 'node:fs'

/** Processor time of this process so far, all threads, in seconds. */
export function cpu() {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1e6
}

/** A line of /proc/self/status in kilobytes, such as VmRSS (now) or VmHWM (at most so far). */
export function memoryKb(line) {
  const found = new RegExp(`^${line}:\\s*(\\d+)`, 'm').exec(readFileSync('/proc/self/status', 'utf8'))
  return Number(found?.[1] ?? 0)
}

/** The result of a request run; times in milliseconds. */
export function report(times, failed, seconds, used) {
  const sorted = Float64Array.from(times).sort()
  const quantile = (share) => (sorted[Math.round((sorted.length - 1) * share)] ?? 0) * 1e3
  return {
    requests: sorted.length,
    failed,
    seconds,
    cpu: used,
    p50_us: quantile(0.5),
    p99_us: quantile(0.99),
    peak_kb: memoryKb('VmHWM'),
  }
}
