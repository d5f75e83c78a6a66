/**
 * Where an SDK's verdict is not that of the vector, each with the reason; by `<package>: <provider>, <vector>`.
 * The tests hold the SDK to the other verdict, so a line that is no longer true fails.
 */
export const differences: Readonly<Record<string, string>> = {
  'standardwebhooks: standard-webhooks, v1a asymmetric (Ed25519)': 'knows no signatures but v1',
  'standardwebhooks: openai, a secret without whsec_, used as text': 'takes every secret for base64',
  'standardwebhooks: openai, the same secret, decoded': 'takes every secret for base64',
  '@paddle/paddle-node-sdk: paddle, two h1, the first ours': 'looks at the last h1 alone',
  'discord-interactions: discord, too old': 'has no tolerance: does not look at the time',
  '@upstash/qstash: qstash, without an end': 'does not demand the claim exp',
  'braintree: braintree, payload in lines': 'reads a subscription only with its add-ons',
  'braintree: braintree, the last line break is lost': 'reads a subscription only with its add-ons',
  'braintree: braintree, several public keys': 'reads a subscription only with its add-ons',
  'sns-validator: aws-sns, somebody has unsubscribed':
    'leaves Token out of what an UnsubscribeConfirmation signs',
  'sns-validator: aws-sns, too old': 'has no tolerance: does not look at the time',
  'sns-validator: aws-sns, another topic of the same account': 'knows no list of topics',
  'sns-validator: aws-sns, a bucket by the name of sns': 'takes any label for the region of the host',
  'sns-validator: aws-sns, a header that names another id': 'does not look at the headers',
  'sns-validator: aws-sns, an id with a line break': 'takes any text for an id',
  'sns-validator: aws-sns, UnsubscribeURL at another host': 'does not look at what is not signed',
  'replicate: replicate, too old by a second': 'has no tolerance: does not look at the time',
  '@workos-inc/node: workos, changed body':
    'signs its own JSON text of the parsed body: white space is not covered',
  '@workos-inc/node: workos, a version that nobody knows':
    'reads the parts by their place, not by their names',
}
