import { expect, test } from 'vitest'
import { readOptions } from '../../src/dev/options.ts'

test('moves nothing unless asked', () => {
  expect(readOptions([], { PORT: '' })).toEqual({
    tour: true,
    json: false,
    redis: false,
    ports: { gateway: 8787, origin: 8788, issuer: 8789 },
  })
})

test('moves the ports that the environment names', () => {
  const { ports } = readOptions(['--no-tour'], { PORT: '1', ORIGIN_PORT: '65535', ISSUER_PORT: '3' })
  expect(ports).toEqual({ gateway: 1, origin: 65_535, issuer: 3 })
})

test.each(['--no-tuor', '--Redis', 'tour', ''])('refuses the flag %j', (flag) => {
  expect(() => readOptions([flag], {})).toThrow(
    `'${flag}' is not known; npm start -- takes --no-tour, --json and --redis`,
  )
})

test.each(['0', '65536', 'http', '-1', '80 ', '1e3'])('refuses the port %j', (port) => {
  for (const name of ['PORT', 'ORIGIN_PORT', 'ISSUER_PORT']) {
    expect(() => readOptions([], { [name]: port })).toThrow(
      `${name} is '${port}'; use a port from 1 to 65535`,
    )
  }
})
