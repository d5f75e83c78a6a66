/** What the package keeps its transport in. Its entries export types of it, this file alone the class itself. */
declare module '*/@upstash/redis/chunk-4WQYU7T6.mjs' {
  import type { errors, RedisConfigCloudflare, Requester } from '@upstash/redis/cloudflare'

  export const HttpClient: new (
    config: Pick<
      RedisConfigCloudflare,
      'retry' | 'responseEncoding' | 'signal' | 'keepAlive' | 'readYourWrites'
    > & {
      baseUrl: string | undefined
      headers: Record<string, string>
    },
  ) => Requester
  export const error_exports: typeof errors
}
