/// <reference path="./chunk.d.ts" />
import type { Redis as PackageRedis, RedisConfigCloudflare } from '@upstash/redis/cloudflare'
// The package's entries all carry a class for each of its 200 commands, 15 KiB of a Worker after gzip.
import { error_exports, HttpClient } from '../../../../node_modules/@upstash/redis/chunk-4WQYU7T6.mjs'

/**
 * What stands for `@upstash/redis/cloudflare` in a bundle whose `[alias]` says so: the package's own transport, and of its
 * client the one method that is used here. It takes the options of the package, as `connection.ts` sets them: without
 * telemetry, without batches, without parsing of replies.
 */
export class Redis implements Pick<PackageRedis, 'exec'> {
  readonly #transport

  constructor({ url, token, ...config }: RedisConfigCloudflare) {
    this.#transport = new HttpClient({
      ...config,
      baseUrl: url,
      headers: { authorization: `Bearer ${token}` },
    })
  }

  exec: PackageRedis['exec'] = async <T>(command: [string, ...(string | number | boolean)[]]) => {
    const { result, error } = await this.#transport.request<T>({ body: command })
    if (error) throw new error_exports.UpstashError(error)
    if (result === undefined) throw new TypeError('the answer holds no result')
    return result
  }
}
