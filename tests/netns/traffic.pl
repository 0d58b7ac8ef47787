#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-only
# Both ends of real traffic, for scripts: what is sent comes back and is compared, so that "it arrives"
# means all of it, unchanged, in both directions. Only what Debian's perl-base has.
#
#	serve PORT...				echoes TCP and UDP, of both families; says "ready"
#	proxy PORT ADDRESS PORT			a userland proxy for TCP of that family; says "ready"
#	talk tcp|udp ADDRESS PORT COUNT [SIZE [OWN-PORT]]
#						COUNT messages of SIZE bytes, each waits for its echo
#	hold tcp|udp ADDRESS PORT [OWN-PORT]	the same, as told on standard input: "COUNT [SIZE]",
#						answered by "ok" or by what went wrong; "again":
#						until there is an answer; "mtu" yields the path's as
#						the socket knows it; "ttl N" sets its TTL
#	hold accept-tcp|accept-udp PORT		likewise, of the first one who comes
#	answer tcp|udp ADDRESS PORT		who comes there and echoes
#	bulk ADDRESS PORT BYTES			a TCP stream there and back at once
#	fragments FROM ADDRESS PORT ORDER	a UDP datagram in pieces of 1000 bytes, sent in the order
#						given ("0,1,2"), FROM is the own address
#	too-big FROM OWN-PORT ADDRESS PORT MTU	an ICMP error about a datagram that went ADDRESS:PORT ->
#						FROM:OWN-PORT, as if it hadn't fitted
#	tagged INTERFACE TO-MAC FROM OWN-PORT ADDRESS PORT COUNT
#						UDP datagrams in frames of VLAN 5
#	offload INTERFACE on|off		checksums, segmentation, coalescing
#
# Whatever waits, waits for $PATIENCE seconds (10) and then fails; a part of a second is for all of it.
use strict;
use warnings;
use Socket qw(:all);

my $patience = $ENV{PATIENCE} // 10;
$SIG{ALRM} = sub { die "nothing came for $patience seconds\n" };
$SIG{CHLD} = 'IGNORE';
$SIG{PIPE} = 'IGNORE';

if ($patience < 1) {
	my $who = $$;
	unless (fork) {
		select(undef, undef, undef, $patience);
		kill 'ALRM', $who;
		exit;
	}
}

sub family { return $_[0] =~ /:/ ? AF_INET6 : AF_INET }

sub name {
	my ($address, $port) = @_;
	my $bytes = inet_pton(family($address), $address) // die "bad address $address\n";
	return family($address) == AF_INET6 ? pack_sockaddr_in6($port, $bytes)
					    : pack_sockaddr_in($port, $bytes);
}

# A socket of ours. Port 0: any. Alone: not for the other family as well.
sub make {
	my ($family, $type, $port, $alone) = @_;
	socket(my $socket, $family, $type, 0) or die "socket: $!\n";
	setsockopt($socket, IPPROTO_IPV6, IPV6_V6ONLY, 1) if $alone && $family == AF_INET6;
	setsockopt($socket, SOL_SOCKET, SO_REUSEADDR, 1);
	bind($socket, name($family == AF_INET6 ? '::' : '0.0.0.0', $port)) or die "bind $port: $!\n" if $port;
	return $socket;
}

sub dial {
	my ($proto, $address, $port, $own) = @_;
	my $socket = make(family($address), $proto eq 'tcp' ? SOCK_STREAM : SOCK_DGRAM, $own // 0);
	alarm $patience;
	connect($socket, name($address, $port)) or die "connect: $!\n";
	alarm 0;
	setsockopt($socket, IPPROTO_TCP, TCP_NODELAY, 1) if $proto eq 'tcp';
	return $socket;
}

# Bytes that nobody could mistake for those of another place in the stream.
my $noise = join '', map { pack('N', ($_ * 2654435761) & 0xffffffff) } 1 .. 65536;

sub message { return substr($noise, ($_[0] * 64) % 131072, $_[1]) }

sub receive {
	my ($socket, $proto, $size) = @_;
	my $got = '';
	while (length $got < $size) {
		defined(recv($socket, my $part, 65536, 0)) or die "receive: $!\n";
		die "it was closed\n" if $part eq '' && $proto eq 'tcp';
		next if $part eq 'hello';
		$got .= $part;
		last if $proto eq 'udp';
	}
	return $got;
}

sub exchange {
	my ($socket, $proto, $count, $size) = @_;
	for my $i (1 .. $count) {
		my $sent = message($i, $size);
		alarm $patience;
		defined(send($socket, $sent, 0)) or die "send: $!\n";
		receive($socket, $proto, $size) eq $sent or die "message $i came back changed\n";
		alarm 0;
	}
}

sub writable {
	my ($socket, $write) = @_;
	my ($r, $w) = ('', '');
	vec($r, fileno $socket, 1) = 1;
	vec($w, fileno $socket, 1) = 1 if $write;
	my $found = select($r, $w, undef, $patience);
	die "nothing moved for $patience seconds\n" unless $found > 0;
	return (vec($r, fileno $socket, 1), $write && vec($w, fileno $socket, 1));
}

# Both directions at once, so that neither waits for the other's buffers.
sub bulk {
	my ($address, $port, $bytes) = @_;
	my $socket = dial('tcp', $address, $port);
	my ($sent, $got) = (0, 0);
	my $twice = $noise . $noise;
	setsockopt($socket, SOL_SOCKET, SO_SNDBUF, 1 << 20);
	while ($got < $bytes) {
		my ($read, $write) = writable($socket, $sent < $bytes);
		if ($write) {
			my $left = $bytes - $sent < 65536 ? $bytes - $sent : 65536;
			my $count = send($socket, substr($twice, $sent % length $noise, $left), MSG_DONTWAIT);
			$sent += $count // 0;
		}
		next unless $read;
		defined(recv($socket, my $part, 65536, MSG_DONTWAIT)) or next;
		die "it was closed after $got bytes\n" if $part eq '';
		substr($twice, $got % length $noise, length $part) eq $part or die "changed after $got bytes\n";
		$got += length $part;
	}
}

# A connection's end of a server: what comes goes back, until the other side has said all.
sub echo {
	my ($socket) = @_;
	while (sysread($socket, my $part, 65536)) {
		for (my $done = 0; $done < length $part;) {
			$done += syswrite($socket, $part, length($part) - $done, $done) // exit;
		}
	}
}

sub listen_on {
	my ($port, $family) = @_;
	my $socket = make($family // AF_INET6, SOCK_STREAM, $port, defined $family);
	listen($socket, 128) or die "listen: $!\n";
	return $socket;
}

sub ready {
	$| = 1;
	print "ready\n";
}

sub serve {
	my (%streams, %datagrams);
	for my $port (@_) {
		my $stream = listen_on($port);
		my $datagram = make(AF_INET6, SOCK_DGRAM, $port);
		$streams{ fileno $stream } = $stream;
		$datagrams{ fileno $datagram } = $datagram;
	}
	my $all = '';
	vec($all, $_, 1) = 1 for keys %streams, keys %datagrams;
	ready();
	while (select(my $now = $all, undef, undef, undef)) {
		for my $number (grep { vec($now, $_, 1) } keys %datagrams) {
			my $from = recv($datagrams{$number}, my $part, 65536, 0) // next;
			send($datagrams{$number}, $part, 0, $from);
		}
		for my $number (grep { vec($now, $_, 1) } keys %streams) {
			accept(my $socket, $streams{$number}) or next;
			next if fork;
			echo($socket);
			exit;
		}
	}
}

sub proxy {
	my ($port, @to) = @_;
	my $listener = listen_on($port, family($to[0]));
	ready();
	while (1) {
		accept(my $client, $listener) or next;
		next if fork;
		my $server = dial('tcp', @to);
		my ($from, $to) = fork ? ($client, $server) : ($server, $client);
		while (sysread($from, my $part, 65536)) {
			syswrite($to, $part);
		}
		shutdown($to, 1);
		exit;
	}
}

sub readable {
	my ($socket, $seconds) = @_;
	my $r = '';
	vec($r, fileno $socket, 1) = 1;
	return select($r, undef, undef, $seconds) > 0;
}

# Datagrams may be lost until one is answered; what else comes is left behind.
sub retry {
	my ($socket) = @_;
	for (1 .. 5 * $patience) {
		send($socket, 'again', 0);
		next unless readable($socket, .2);
		recv($socket, my $part, 65536, 0) while readable($socket, .2);
		return 'ok';
	}
	return "nothing came for $patience seconds";
}

# The first one who comes.
sub take {
	my ($proto, $port) = @_;
	if ($proto eq 'tcp') {
		accept(my $socket, listen_on($port)) or die "accept: $!\n";
		setsockopt($socket, IPPROTO_TCP, TCP_NODELAY, 1);
		return $socket;
	}
	my $socket = make(AF_INET6, SOCK_DGRAM, $port);
	connect($socket, recv($socket, my $part, 65536, 0)) or die "connect: $!\n";
	return $socket;
}

sub pause { select(undef, undef, undef, $_[0]) }

sub answer {
	my ($proto, @to) = @_;
	my $socket;
	for (1 .. 20 * $patience) {
		last if $socket = eval { dial($proto, @to) };
		pause(.05);
	}
	return echo($socket) if $proto eq 'tcp';
	for (my $greeted = 0;;) {
		my $part;
		send($socket, 'hello', 0) unless $greeted;
		next unless $greeted || readable($socket, .05);
		next unless defined(recv($socket, $part, 65536, 0));
		send($socket, $part, 0);
		$greeted = 1;
	}
}

sub hold {
	my ($proto, @rest) = @_;
	my $socket = $proto =~ s/^accept-// ? take($proto, @rest) : dial($proto, @rest);
	my $family = family($rest[0]);
	$| = 1;
	while (defined(my $line = <STDIN>)) {
		if ($line =~ /mtu/) {
			# IPPROTO_IP, IP_MTU or IPPROTO_IPV6, IPV6_MTU
			my @option = $family == AF_INET6 ? (IPPROTO_IPV6, 24) : (0, 14);
			print unpack('l', getsockopt($socket, $option[0], $option[1])), "\n";
			next;
		}
		if ($line =~ /ttl (\d+)/) {
			# IP_TTL or IPV6_UNICAST_HOPS
			my @option = $family == AF_INET6 ? (IPPROTO_IPV6, 16) : (0, 2);
			print setsockopt($socket, $option[0], $option[1], pack('l', $1)) ? "ok\n" : "$!\n";
			next;
		}
		chomp $line;
		if ($line eq 'again') {
			print retry($socket), "\n";
			next;
		}
		my ($count, $size) = split ' ', $line;
		print eval { exchange($socket, $proto, $count, $size // 64); 1 } ? "ok\n" : $@;
	}
}

sub checksum {
	my $sum = unpack('%32n*', length($_[0]) & 1 ? "$_[0]\0" : $_[0]);
	$sum = ($sum & 0xffff) + ($sum >> 16) for 1, 2;
	return ~$sum & 0xffff;
}

sub udp {
	my ($from, $own, $to, $port, $data) = @_;
	my $length = 8 + length $data;
	my $pseudo = inet_pton(family($from), $from) . inet_pton(family($to), $to) . pack('NN', $length, 17);
	my $sum = checksum($pseudo . pack('nnnn', $own, $port, $length, 0) . $data);
	return pack('nnnn', $own, $port, $length, $sum || 0xffff) . $data;
}

# The n-th piece of a datagram, with its header.
sub piece {
	my ($from, $to, $datagram, $n, $size, $id) = @_;
	my $data = substr($datagram, $n * $size, $size);
	my $more = ($n + 1) * $size < length $datagram;
	my @ends = (inet_pton(family($from), $from), inet_pton(family($to), $to));

	return pack('NnCCa16a16CCnN', 0x60000000, 8 + length $data, 44, 64, @ends, 17, 0,
		    $n * $size | $more, $id) . $data if family($from) == AF_INET6;
	return pack('CCnnnCCna4a4', 0x45, 0, 20 + length $data, $id & 0xffff,
		    $n * $size / 8 | ($more ? 0x2000 : 0), 64, 17, 0, @ends) . $data;
}

sub fragments {
	my ($from, $to, $port, $order) = @_;
	my $client = make(family($to), SOCK_DGRAM, 4711);
	my @order = split /,/, $order;
	my $sent = message(7, 1000 * @order - 500);
	my $datagram = udp($from, 4711, $to, $port, $sent);
	socket(my $raw, family($to), SOCK_RAW, IPPROTO_RAW) or die "socket: $!\n";
	my $id = int(rand(1 << 30));
	for my $n (@order) {
		send($raw, piece($from, $to, $datagram, $n, 1000, $id), 0, name($to, 0)) or die "send: $!\n";
	}
	alarm $patience;
	receive($client, 'udp', length $sent) eq $sent or die "it came back changed\n";
}

sub too_big {
	my ($from, $own, $to, $port, $mtu) = @_;
	my $v6 = family($from) == AF_INET6;
	my $datagram = udp($to, $port, $from, $own, 'x' x 64);
	my @ends = (inet_pton(family($to), $to), inet_pton(family($from), $from));
	my $about = $v6 ? pack('NnCCa16a16', 0x60000000, length $datagram, 17, 64, @ends)
			: pack('CCnnnCCna4a4', 0x45, 0, 20 + length $datagram, 1, 0x4000, 64, 17, 0, @ends);
	my $error = ($v6 ? pack('CCnN', 2, 0, 0, $mtu) : pack('CCnnn', 3, 4, 0, 0, $mtu)) . $about . $datagram;
	socket(my $raw, family($from), SOCK_RAW, $v6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP) or die "socket: $!\n";
	# Of ICMPv6 the kernel makes the checksum.
	substr($error, 2, 2) = pack('n', checksum($error)) unless $v6;
	send($raw, $error, 0, name($to, 0)) or die "send: $!\n";
}

# linux/sockios.h: SIOCGIFINDEX, SIOCGIFHWADDR
sub ask_interface {
	my ($socket, $request, $interface) = @_;
	my $ifreq = pack('a40', $interface);
	ioctl($socket, $request, $ifreq) or die "interface $interface: $!\n";
	return substr $ifreq, 16;
}

sub tagged {
	my ($interface, $mac, $from, $own, $to, $port, $count) = @_;
	# AF_PACKET, and its struct sockaddr_ll
	socket(my $socket, 17, SOCK_RAW, 0) or die "socket: $!\n";
	my $index = unpack('l', ask_interface($socket, 0x8933, $interface));
	my $own_mac = substr(ask_interface($socket, 0x8927, $interface), 2, 6);
	$mac =~ s/://g;
	my $packet = piece($from, $to, udp($from, $own, $to, $port, 'x' x 64), 0, 1 << 16, 1);
	substr($packet, 10, 2) = pack('n', checksum(substr $packet, 0, 20));
	my $frame = pack('H*a6nnn', $mac, $own_mac, 0x8100, 5, 0x0800) . $packet;
	for (1 .. $count) {
		send($socket, $frame, 0, pack('SnlSCCx8', 17, 0x8100, $index, 1, 0, 6)) or die "send: $!\n";
	}
}

# linux/ethtool.h: ETHTOOL_SRXCSUM, STXCSUM, SSG, STSO, SGSO, SGRO
sub offload {
	my ($interface, $state) = @_;
	my $value = $state eq 'on' ? 1 : 0;
	my @commands = (0x15, 0x17, 0x19, 0x1f, 0x24, 0x2c);
	socket(my $socket, AF_INET, SOCK_DGRAM, 0) or die "socket: $!\n";
	for my $command ($value ? @commands : reverse @commands) {
		my $request = pack('LL', $command, $value);
		my $ifreq = pack('a16 P x16', $interface, $request);
		# SIOCETHTOOL; some can't be switched on some kinds of interfaces
		ioctl($socket, 0x8946, $ifreq) or $!{EOPNOTSUPP} or die "ethtool $command: $!\n";
	}
}

my ($verb, @rest) = @ARGV;
if ($verb eq 'serve') { serve(@rest) }
elsif ($verb eq 'proxy') { proxy(@rest) }
elsif ($verb eq 'talk') {
	my ($proto, $address, $port, $count, $size, $own) = @rest;
	exchange(dial($proto, $address, $port, $own), $proto, $count, $size // 64);
}
elsif ($verb eq 'answer') { answer(@rest) }
elsif ($verb eq 'hold') { hold(@rest) }
elsif ($verb eq 'bulk') { bulk(@rest) }
elsif ($verb eq 'fragments') { fragments(@rest) }
elsif ($verb eq 'too-big') { too_big(@rest) }
elsif ($verb eq 'tagged') { tagged(@rest) }
elsif ($verb eq 'offload') { offload(@rest) }
else { die "what is '$verb'?\n" }
