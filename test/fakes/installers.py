"""
Many installers on one cable, by one program: it makes a TAP device, and whatever leaves by that is
answered as COUNT machines with cards of their own would, by NDP, echo, mDNS and a closed TCP port 22.

    installers.py DEVICE COUNT [LEAST MOST]

LEAST and MOST: milliseconds before any mDNS answer; otherwise one to a one-shot question comes at
once, as avahi's does, and one to the group when RFC 6762 says. As kernels do (RFC 4861 section 7.2),
a machine asks for the operator's address before it speaks to it.
"""
import fcntl, heapq, os, random, select, socket, struct, sys, time

DEVICE, COUNT = sys.argv[1], int(sys.argv[2])
LATE = [float(text) / 1000 for text in sys.argv[3:5]]
PTR, TXT, AAAA, SRV, ANY = 12, 16, 28, 33, 255
GROUP, NODES = socket.inet_pton(socket.AF_INET6, 'ff02::fb'), socket.inet_pton(socket.AF_INET6, 'ff02::1')
STATIC = socket.inet_pton(socket.AF_INET6, 'fe80::47')
SERVICE, SUBTYPE = '_ssh._tcp.local', '_nixos-installer._sub._ssh._tcp.local'
SHORT, LONG = 120, 4500  # TTLs, RFC 6762 section 10
SHARED = (0.020, 0.120)  # section 6
TRUNCATED = (0.400, 0.500)  # section 7.2
REPEAT = 1.0  # section 6: no record goes to the group twice within a second
SOLICITATIONS, RETRANS = 3, 1.0  # RFC 4861 section 10

solicited = lambda address: bytes.fromhex('ff0200000000000000000001ff') + address[13:]
wire = lambda name: b''.join(bytes([len(label)]) + label.encode() for label in name.split('.')) + b'\0'
reverse = lambda address: '.'.join(reversed(address.hex())) + '.ip6.arpa'


class Machine:
    def __init__(self, index):
        self.mac = bytes.fromhex('525400') + (0x10000 + index).to_bytes(3, 'big')
        self.address = b'\xfe\x80' + bytes(6) + b'\x50\x54\x00\xff\xfe' + self.mac[3:]
        eui64 = self.address[8:].hex().replace('5054', '5254', 1)
        label = f'nixos-{self.mac[3:].hex()}'
        self.name, self.instance = f'{label}.local', f'{label}.{SERVICE}'
        text = ['txtvers=1', f'id={eui64}', f'eui64={eui64}', 'host=NixOS', 'user=nixos', 'agent=0.1.0',
                f'static={"waiting" if index else "held"}']
        self.records = [
            (SUBTYPE, PTR, LONG, self.instance), (SERVICE, PTR, LONG, self.instance),
            ('_services._dns-sd._udp.local', PTR, LONG, SERVICE),
            (self.instance, SRV, SHORT, struct.pack('!3H', 0, 0, 22) + wire(self.name)),
            (self.instance, TXT, LONG, b''.join(bytes([len(each)]) + each.encode() for each in text)),
            (self.name, AAAA, SHORT, self.address), (reverse(self.address), PTR, SHORT, self.name)]
        self.said = {}  # when the group last heard a record
        self.macs = {}  # its neighbour table
        self.queues = {}  # packets that wait for an entry there


def encode(record, limit=LONG, unique=0x8000):
    name, kind, ttl, data = record
    data = wire(data) if isinstance(data, str) else data
    class_ = 1 if kind == PTR and not name.endswith('arpa') else 1 | unique
    return wire(name) + struct.pack('!HHIH', kind, class_, min(ttl, limit), len(data)) + data


def read_name(message, at):
    labels, end = [], None
    while message[at]:
        if message[at] >= 0xc0:
            end = end or at + 2
            at = (message[at] & 0x3f) << 8 | message[at + 1]
        else:
            labels.append(message[at + 1:at + 1 + message[at]].decode())
            at += 1 + message[at]
    return '.'.join(labels).lower(), end or at + 1


class Query:
    """Its questions, the PTR records that it knows (the others are not shared), and its bytes."""
    def __init__(self, message):
        self.message, (self.id, self.flags, questions, answers) = message, struct.unpack('!4H', message[:8])
        self.questions, self.known, at = [], set(), 12
        for _ in range(questions):
            name, at = read_name(message, at)
            self.questions.append((name, *struct.unpack('!HH', message[at:at + 4])))
            at += 4
        self.question_bytes = message[12:at]
        for _ in range(answers):
            name, at = read_name(message, at)
            kind, _, ttl, size = struct.unpack('!HHIH', message[at:at + 10])
            if kind == PTR and ttl >= LONG / 2:
                self.known.add((name, read_name(message, at + 10)[0]))
            at += 10 + size


machines = [Machine(index) for index in range(COUNT)]
by_mac = {each.mac: each for each in machines}
by_address = {each.address: each for each in machines} | {STATIC: each for each in machines[:1]}  # who came first holds it
timers, counter = [], iter(range(1 << 62))
truncated = {}  # queries that are not complete, by asker

tun = os.open('/dev/net/tun', os.O_RDWR | os.O_NONBLOCK)
fcntl.ioctl(tun, 0x400454ca, struct.pack('16sH22x', DEVICE.encode(), 0x1002))  # TUNSETIFF: IFF_TAP, IFF_NO_PI


def later(seconds, action, *args):
    heapq.heappush(timers, (time.monotonic() + seconds, next(counter), action, args))


def packet(source, target, protocol, body, checksum_at):
    """IPv6 with a checksum over the pseudo header: the sum of words modulo 65535 (RFC 1071)."""
    total = int.from_bytes(source + target + struct.pack('!II', len(body), protocol) + body + bytes(len(body) % 2), 'big')
    checksum = (0xffff - total % 0xffff) or 0xffff
    body = body[:checksum_at] + struct.pack('!H', checksum) + body[checksum_at + 2:]
    return struct.pack('!IHBB', 6 << 28, len(body), protocol, 255) + source + target + body


def transmit(machine, mac, data):
    os.write(tun, mac + machine.mac + b'\x86\xdd' + data)


def send(machine, data):
    target = data[24:40]
    if target[0] == 0xff:
        return transmit(machine, b'\x33\x33' + target[12:], data)
    if target in machine.macs:
        return transmit(machine, machine.macs[target], data)
    waiting = machine.queues.setdefault(target, [])
    waiting.append(data)
    if len(waiting) == 1:
        solicit(machine, target, SOLICITATIONS)


def solicit(machine, target, tries):
    if target not in machine.queues:
        return
    if tries == 0:
        return machine.queues.pop(target)
    body = struct.pack('!BBHI', 135, 0, 0, 0) + target + b'\x01\x01' + machine.mac
    send(machine, packet(machine.address, solicited(target), 58, body, 2))
    later(RETRANS, solicit, machine, target, tries - 1)


def learn(machine, address, mac):
    machine.macs[address] = mac
    for data in machine.queues.pop(address, []):
        transmit(machine, mac, data)


def receive(frame):
    if frame[12:14] != b'\x86\xdd':
        return
    protocol, source, target, body = frame[20], frame[22:38], frame[38:54], frame[54:]
    if frame[0] & 1:
        beacon = solicited(STATIC)
        receivers = machines if target in (NODES, GROUP, beacon) else [
            each for each in by_address.values() if solicited(each.address) == target]
    else:
        receivers = [each for each in (by_mac.get(frame[:6]),) if each and by_address.get(target) is each]
    if protocol == 58:
        receive_icmp(receivers, source, target, body)
    elif protocol == 17 and body[2:4] == b'\x14\xe9' and not body[10] & 0x80:
        receive_query(receivers, source, target, int.from_bytes(body[:2], 'big'), Query(body[8:]))
    elif protocol == 6 and body[13] & 2:  # SYN
        reply = body[2:4] + body[:2] + bytes(4) + struct.pack('!IHHHH', int.from_bytes(body[4:8], 'big') + 1 & 0xffffffff, 0x5014, 0, 0, 0)
        for each in receivers:
            send(each, packet(target, source, 6, reply, 16))


def receive_icmp(receivers, source, target, body):
    if body[0] == 135 and any(source):  # a solicitation; from :: it is duplicate address detection
        owner = by_address.get(body[8:24])
        if owner in receivers or (owner and body[8:24] == STATIC):
            learn(owner, source, body[26:32]) if len(body) >= 32 else None
            reply = struct.pack('!BBHI', 136, 0, 0, 0x60000000) + body[8:24] + b'\x02\x01' + owner.mac
            send(owner, packet(body[8:24], source, 58, reply, 2))
    elif body[0] == 136 and len(body) >= 32:
        for each in receivers:
            learn(each, body[8:24], body[26:32])
    elif body[0] == 128:
        for each in receivers:  # RFC 4443 section 4.2
            send(each, packet(each.address if target[0] == 0xff else target, source, 58, b'\x81\0\0\0' + body[4:], 2))


def receive_query(receivers, source, target, port, query):
    asker = (source, port)
    if asker in truncated and not query.questions:
        first = truncated[asker]
        first.known |= query.known
        return
    more = query.flags & 0x0200
    if more:
        truncated[asker] = query
        later(TRUNCATED[1], truncated.pop, asker, None)
    asked = {(name, kind) for name, kind, _ in query.questions}
    direct, shared = target != GROUP, any(kind in (PTR, ANY) for _, kind in asked)
    legacy, unicast = port != 5353, all(class_ & 0x8000 for _, _, class_ in query.questions)
    for each in receivers:
        if not any((record[0], kind) in asked for record in each.records for kind in (record[1], ANY)):
            continue
        delay = LATE or (TRUNCATED if more else SHARED if shared and not legacy and not direct else (0, 0))
        later(random.uniform(*delay), answer, each, source, port, query, asked, legacy, direct or unicast)


def answer(machine, source, port, query, asked, legacy, unicast):
    now = time.monotonic()
    answers = [each for each in machine.records if ((each[0], each[1]) in asked or (each[0], ANY) in asked)
               and (each[0], each[3]) not in query.known
               and (legacy or unicast or now - machine.said.get(each[:2], -REPEAT) >= REPEAT)]
    if not answers:
        return
    more = [each for each in machine.records if each[1] in (SRV, TXT, AAAA) and each not in answers]
    if not legacy and not unicast:
        machine.said.update({each[:2]: now for each in answers})
    records = b''.join(encode(each, 10, 0) if legacy else encode(each) for each in answers + more)
    counts = struct.pack('!6H', query.id if legacy else 0, 0x8400, len(query.questions) if legacy else 0, len(answers), 0, len(more))
    message = counts + (query.question_bytes if legacy else b'') + records
    header = struct.pack('!4H', 5353, port, 8 + len(message), 0)
    send(machine, packet(machine.address, source if legacy or unicast else GROUP, 17, header + message, 6))


print('ready', file=sys.stderr, flush=True)
while True:
    wait = max(0, timers[0][0] - time.monotonic()) if timers else None
    if select.select([tun], [], [], wait)[0]:
        try:
            for _ in range(64):
                receive(os.read(tun, 65536))
        except BlockingIOError:
            pass
    while timers and timers[0][0] <= time.monotonic():
        _, _, action, args = heapq.heappop(timers)
        action(*args)
