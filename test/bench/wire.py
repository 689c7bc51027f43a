"""
What a machine on the link of a responder asks and hears, with as little between it and the wire as
can be. Times are of CLOCK_MONOTONIC, which is that of Node's performance.now() as well.

    wire.py ask LINK NAME PORT GAP COUNT UNICAST   from port 0 or 5353: milliseconds to each answer
    wire.py flood LINK NAME RATE SECONDS      legacy questions: how many were sent and answered
    wire.py traffic LINK ROUNDS               ROUNDS seconds of a busy link, as fast as it is answered
    wire.py announced LINK                    when a machine has announced its host, in seconds
    wire.py settled LINK COUNT                when so many have, and ssh there, each under a name of its own
"""
import json, random, select, socket, struct, sys, time

PTR, TXT, AAAA, SRV, ANY, IN, TOP = 12, 16, 28, 33, 255, 1, 0x8000
wire = lambda name: b''.join(bytes([len(label)]) + label.encode() for label in name.split('.')) + b'\0'
SSH, SUBTYPE = '_ssh._tcp.local', '_nixos-installer._sub._ssh._tcp.local'


def question(name, kind, class_=IN):
    return wire(name) + struct.pack('!HH', kind, class_)


def record(name, kind, data, flush=TOP, ttl=120):
    return wire(name) + struct.pack('!HHIH', kind, IN | flush, ttl, len(data)) + data


def message(questions=(), answers=(), authorities=(), flags=0, id_=0):
    counts = struct.pack('!6H', id_, flags, len(questions), len(answers), len(authorities), 0)
    return counts + b''.join([*questions, *answers, *authorities])


def open_socket(link, port):
    """From 5353 it is in the group, where answers to a full querier go."""
    index = socket.if_nametoindex(link)
    opened = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    opened.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_IF, index)
    opened.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_HOPS, 255)
    opened.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_LOOP, 0)
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
    opened.bind(('::', port))
    if port == 5353:
        group = socket.inet_pton(socket.AF_INET6, 'ff02::fb') + struct.pack('@I', index)
        opened.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_JOIN_GROUP, group)
    return opened, ('ff02::fb', 5353, 0, index)


def ask(link, name, port, gap, count, unicast):
    asker, group = open_socket(link, port)
    times = []
    for id_ in range(1, count + 1):
        time.sleep(gap)
        began = time.monotonic()
        asker.sendto(message([question(name, AAAA, IN | TOP * unicast)], id_=id_), group)
        while select.select([asker], [], [], 1)[0]:
            if asker.recv(9000)[2] & 0x80:
                times.append((time.monotonic() - began) * 1000)
                break
    return times


def flood(link, name, rate, seconds):
    asker, group = open_socket(link, 0)
    asker.setblocking(False)
    answered, count, began = 0, round(rate * seconds), time.monotonic()
    for sent in range(count):
        time.sleep(max(0, began + sent / rate - time.monotonic()))
        asker.sendto(message([question(name, AAAA)], id_=sent & 0xffff), group)
        answered += drain(asker)
    time.sleep(0.2)
    return {'sent': count, 'answered': answered + drain(asker)}


def drain(asker):
    count = 0
    try:
        while asker.recv(9000):
            count += 1
    except BlockingIOError:
        return count


def traffic(link, rounds):
    """Each second: a scanner looks, somebody browses, a machine boots and announces itself."""
    scanner, group = open_socket(link, 0)
    browser, _ = open_socket(link, 5353)
    scanner.setblocking(False)
    answered = 0
    for _ in range(rounds):
        label = f'machine-{random.randrange(1000)}'
        host, instance = f'{label}.local', f'{label}.{SSH}'
        address = record(host, AAAA, b'\xfe\x80' + bytes(6) + random.randbytes(8))
        names = ['NixOS.local', 'nixos.local', 'nixos-installer.local']
        looked = [question(each, AAAA) for each in names] + [question(each, 1) for each in names]
        looked += [question(SSH, PTR), question(SUBTYPE, PTR)]
        browser.sendto(message([question(SSH, PTR)], [record(SSH, PTR, wire(instance), 0, 4500)]), group)
        browser.sendto(message([question(host, ANY, IN | TOP)], authorities=[address]), group)
        services = [record(SSH, PTR, wire(instance), 0, 4500), record(instance, TXT, b'\x09txtvers=1'),
                    record(instance, SRV, struct.pack('!3H', 0, 0, 22) + wire(host))]
        browser.sendto(message(answers=[address, *services], flags=0x8400), group)
        scanner.sendto(message(looked, id_=1), group)
        answered += drain(scanner)
        time.sleep(0.004)
    time.sleep(0.2)
    return answered + drain(scanner)


def settled(link, count):
    """When as many cards as `count` offer ssh, each at a host name of its own that it has announced."""
    hosts, targets = {}, {}
    for card, records in heard(link):
        for name, kind, data, _ in records:
            if kind == AAAA:
                hosts.setdefault(card, set()).add(name)
            elif kind == SRV and name.endswith('.' + SSH):
                targets[card] = data[6:].decode()
        own = {card for card, target in targets.items() if target in hosts.get(card, ())}
        if len(own) == count == len(set(targets.values())):
            return time.monotonic()


def announced(link):
    for _, records in heard(link):
        if any(kind == AAAA for _, kind, _, _ in records):
            return time.monotonic()


def heard(link):
    """What others announce: of each response the card that it comes from and its answers."""
    listener = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
    listener.bind((link, 0))
    print('listening', file=sys.stderr, flush=True)
    while True:
        frame, (_, _, direction, _, _) = listener.recvfrom(9014)
        is_mdns = frame[12:14] == b'\x86\xdd' and frame[20] == 17 and frame[54:56] == b'\x14\xe9'
        if direction != socket.PACKET_OUTGOING and is_mdns and frame[64] & 0x80:
            yield frame[6:12], list(read_answers(frame[62:]))


def read_answers(message_):
    _, _, questions, answers = struct.unpack('!4H', message_[:8])
    at = 12
    for _ in range(0 if questions else answers):
        name, at = read_name(message_, at)
        kind, _, ttl, size = struct.unpack('!HHIH', message_[at:at + 10])
        data = message_[at + 10:at + 10 + size]
        if kind == SRV:
            data = data[:6] + read_name(message_, at + 16)[0].encode()
        at += 10 + size
        if ttl:
            yield name, kind, data, ttl


def read_name(message_, at):
    labels, end = [], None
    while message_[at]:
        if message_[at] >= 0xc0:
            end = end or at + 2
            at = (message_[at] & 0x3f) << 8 | message_[at + 1]
        else:
            labels.append(message_[at + 1:at + 1 + message_[at]].decode().lower())
            at += 1 + message_[at]
    return '.'.join(labels), end or at + 1


act, link, *rest = sys.argv[1:]
numbers = [json.loads(each) if each[0].isdigit() else each for each in rest]
action = {'ask': ask, 'flood': flood, 'traffic': traffic, 'announced': announced, 'settled': settled}[act]
print(json.dumps(action(link, *numbers)), file=sys.stderr if act in ('announced', 'settled') else sys.stdout)
