import { during, type TimeWindow } from 'sallyport'
import { describe, expect, it } from 'vitest'
import { verdictOf } from './facts.ts'

const holds = (window: TimeWindow, time: string) => verdictOf(during(window), { now: Date.parse(time) })

describe('during', () => {
  // 2026-01-05 is a Monday.
  it.each<[string, TimeWindow, string, 'yes' | 'no']>([
    ['the first minute', { from: '08:00', to: '18:00' }, '2026-01-05T08:00:00Z', 'yes'],
    ['the moment before', { from: '08:00', to: '18:00' }, '2026-01-05T07:59:59.999Z', 'no'],
    ['the last moment', { from: '08:00', to: '18:00' }, '2026-01-05T17:59:59.999Z', 'yes'],
    ['the first minute after', { from: '08:00', to: '18:00' }, '2026-01-05T18:00:00Z', 'no'],
    ['a day of the list', { days: ['mon'] }, '2026-01-05T23:59:00Z', 'yes'],
    ['a day outside of it', { days: ['mon'] }, '2026-01-06T00:00:00Z', 'no'],
    ['midnight is hour 0', { days: ['tue'], to: '00:01' }, '2026-01-06T00:00:30Z', 'yes'],
    ['to the end of the day', { from: '22:00' }, '2026-01-05T23:59:59Z', 'yes'],
    ['over midnight, before', { days: ['mon'], from: '22:00', to: '06:00' }, '2026-01-05T22:00:00Z', 'yes'],
    ['over midnight, after', { days: ['mon'], from: '22:00', to: '06:00' }, '2026-01-06T05:59:00Z', 'yes'],
    ['over midnight, the end', { days: ['mon'], from: '22:00', to: '06:00' }, '2026-01-06T06:00:00Z', 'no'],
    [
      'not the morning of its day',
      { days: ['mon'], from: '22:00', to: '06:00' },
      '2026-01-05T05:00:00Z',
      'no',
    ],
    [
      'from Saturday into Sunday',
      { days: ['sat'], from: '22:00', to: '06:00' },
      '2026-01-11T01:00:00Z',
      'yes',
    ],
    ['from Sunday into Monday', { days: ['sun'], from: '22:00', to: '06:00' }, '2026-01-05T01:00:00Z', 'yes'],
    [
      'a zone, in winter',
      { from: '08:00', to: '09:00', zone: 'Europe/Zurich' },
      '2026-01-05T07:30:00Z',
      'yes',
    ],
    [
      'a zone, in summer',
      { from: '08:00', to: '09:00', zone: 'Europe/Zurich' },
      '2026-07-06T06:30:00Z',
      'yes',
    ],
    [
      'a zone, not in UTC',
      { from: '08:00', to: '09:00', zone: 'Europe/Zurich' },
      '2026-07-06T08:30:00Z',
      'no',
    ],
    ['a day of the zone', { days: ['tue'], zone: 'Pacific/Auckland' }, '2026-01-05T12:00:00Z', 'yes'],
    [
      'a zone with half hours',
      { from: '17:30', to: '17:31', zone: 'Asia/Kolkata' },
      '2026-01-05T12:00:00Z',
      'yes',
    ],
  ])('%s', (_, window, time, verdict) => {
    expect(holds(window, time)).toBe(verdict)
  })

  it.each<[string, object, RegExp]>([
    ['an unknown day', { days: ['monday'] }, /^during: days: 'monday' is not known; use sun, mon/],
    ['no day', { days: [] }, /^during: days: is empty/],
    [
      'a time without its zero',
      { from: '8:00' },
      /^during: from: '8:00' is not a time; write it like '08:30'/,
    ],
    ['an hour too late', { to: '25:00' }, /^during: to: '25:00' is not a time/],
    ['midnight as a beginning', { from: '24:00' }, /^during: from: '24:00' is not a time/],
    ['a window of nothing', { from: '08:00', to: '08:00' }, /^during: to: '08:00' is the same as from/],
    [
      'an unknown zone',
      { zone: 'Europe/Zürich' },
      /^during: zone: 'Europe\/Zürich' is not known; use an IANA/,
    ],
    [
      'a slip',
      { untl: '18:00' },
      /^during: untl: is not an option; the options here are days, from, to, zone/,
    ],
  ])('refuses at load %s', (_, window, message) => {
    expect(() => during(window as TimeWindow)).toThrow(TypeError)
    expect(() => during(window as TimeWindow)).toThrow(message)
  })
})
