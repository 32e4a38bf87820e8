// imapflow with mailparser, with one TLS context. It obeys the orders of bench/peers/orders.py.

import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { createSecureContext } from 'node:tls';
import { ImapFlow } from 'imapflow';
import { simpleParser } from 'mailparser';

const task = JSON.parse(process.argv[2]);
const secureContext = createSecureContext({ ca: readFileSync(task.ca_file) });
const stamp = /bench-sent ([0-9]{20})/;
const unannounced = 10n ** 19n;
let latencies = [];
let connected = 0;

function note(source) {
    const now = process.hrtime.bigint();
    const found = stamp.exec(source.latin1Slice(0, 4096));
    const sent = found ? BigInt(found[1]) : 0n;
    if (sent && sent < unannounced) latencies.push(Number(now - sent));
}

async function open(number) {
    const client = new ImapFlow({
        host: task.host,
        port: task.port,
        secure: true,
        auth: { user: `user-${number}`, pass: 'pass' },
        tls: { secureContext },
        logger: false,
        disableCompression: true,
    });
    client.on('error', (error) => { console.error(error); process.exit(1); });
    await client.connect();
    await client.mailboxOpen('INBOX', { readOnly: true });
    return client;
}

async function watch(number) {
    const client = await open(number);
    let seen = client.mailbox.uidNext - 1;
    let more = false;
    let busy = false;
    async function fetch() {
        more = true;
        if (busy) return;
        busy = true;
        while (more) {
            more = false;
            for await (const message of client.fetch(`${seen + 1}:*`, { source: true }, { uid: true })) {
                if (message.uid > seen) {
                    note(message.source);
                    seen = message.uid;
                }
            }
        }
        busy = false;
        client.idle();
    }
    client.on('exists', fetch);
    client.idle();
}

async function connect(order) {
    let next = connected;
    const work = async () => {
        while (next < order.last) await watch(next++);
    };
    await Promise.all(Array.from({ length: order.at_once }, work));
    connected = order.last;
    return {};
}

async function catchUp(order) {
    const client = await open(0);
    let messages = 0;
    let octets = 0;
    for await (const message of client.fetch(`1:${order.count}`, { source: true }, { uid: true })) {
        const mail = await simpleParser(message.source, { skipHtmlToText: true, skipTextToHtml: true });
        octets += (mail.subject ?? '').length + (mail.text ?? '').length + (mail.html || '').length;
        messages += 1;
    }
    return { messages, octets };
}

async function settle() {
    globalThis.gc?.();
    return {};
}

async function report() {
    const found = latencies;
    latencies = [];
    return { latencies: found };
}

const orders = { connect, report, settle, catch_up: catchUp };
for await (const line of createInterface({ input: process.stdin })) {
    const order = JSON.parse(line);
    process.stdout.write(JSON.stringify(await orders[order.do](order)) + '\n');
}
process.exit(0);
