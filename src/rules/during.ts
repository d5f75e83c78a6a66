import { makeRule, type Rule, refuseOption } from './rule.ts'

const DAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'] as const
const TIME = /^([01][0-9]|2[0-3]):([0-5][0-9])$/
const OPTIONS = ['days', 'from', 'to', 'zone']

/** A day of the week, in the window's zone. */
export type Day = (typeof DAYS)[number]

export interface TimeWindow {
  /** Days on which the window begins. @default all seven */
  days?: readonly Day[]
  /** `HH:MM`, the first minute of the window. @default '00:00' */
  from?: string
  /** `HH:MM`, the first minute after it; before `from`, it is of the next day. @default '24:00' */
  to?: string
  /** An IANA zone, such as 'Europe/Zurich': daylight saving time is followed. @default 'UTC' */
  zone?: string
}

/**
 * Lets callers in at these times of the week; else 403.
 * @throws {TypeError} at load: for an unknown day or zone, for a time that is not `HH:MM`, and for an empty window.
 * @example
 * import { during } from 'sallyport'
 *
 * export const authorize = during({ days: ['mon', 'fri'], from: '08:00', to: '18:00', zone: 'Europe/Zurich' })
 */
export function during(window: TimeWindow): Rule<never, never, never> {
  for (const name of Object.keys(window)) {
    if (!OPTIONS.includes(name))
      refuseOption('during', `${name}: is not an option; the options here are ${OPTIONS.join(', ')}`)
  }
  const { days = [...DAYS.slice(1), DAYS[0]], from = '00:00', to = '24:00', zone = 'UTC' } = window
  if (days.length === 0) refuseOption('during', 'days: is empty; name at least one')
  for (const day of days) {
    if (!DAYS.includes(day)) refuseOption('during', `days: '${day}' is not known; use ${DAYS.join(', ')}`)
  }
  const start = minutesOf('from', from)
  const end = to === '24:00' ? 24 * 60 : minutesOf('to', to)
  if (start === end) refuseOption('during', `to: '${to}' is the same as from; the window is empty`)
  const localTime = clockOf(zone)
  const begins = (day: number) => days.includes(DAYS[(day + 7) % 7] as Day)
  return makeRule({
    description: { rule: 'during', days, from, to, zone },
    decide({ now }) {
      const { day, minutes } = localTime(now)
      if (start < end) return begins(day) && minutes >= start && minutes < end
      return (begins(day) && minutes >= start) || (begins(day - 1) && minutes < end)
    },
  })
}

function minutesOf(option: string, text: string): number {
  const [, hours, minutes] = TIME.exec(text) ?? []
  if (hours === undefined) refuseOption('during', `${option}: '${text}' is not a time; write it like '08:30'`)
  return Number(hours) * 60 + Number(minutes)
}

/** Day of the week and minutes since midnight in a zone. */
function clockOf(zone: string): (now: number) => { day: number; minutes: number } {
  let format: Intl.DateTimeFormat
  try {
    format = new Intl.DateTimeFormat('en-US', {
      timeZone: zone,
      weekday: 'short',
      hour: '2-digit',
      minute: '2-digit',
      hourCycle: 'h23',
    })
  } catch {
    return refuseOption('during', `zone: '${zone}' is not known; use an IANA zone such as 'Europe/Zurich'`)
  }
  return (now) => {
    const parts = new Map(format.formatToParts(now).map(({ type, value }) => [type, value]))
    const day = DAYS.indexOf((parts.get('weekday') ?? '').toLowerCase() as Day)
    const minutes = Number(parts.get('hour')) * 60 + Number(parts.get('minute'))
    // A clock that cannot be read leaves the rule undecided.
    if (day === -1 || Number.isNaN(minutes)) throw new RangeError('no local time')
    return { day, minutes }
  }
}
