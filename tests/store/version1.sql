-- A store that version 1 of the schema was written to. Never edit it: what it holds must stay readable.
BEGIN TRANSACTION;
CREATE TABLE certificates (
        fingerprint TEXT NOT NULL PRIMARY KEY,
        key_fingerprint TEXT NOT NULL,
        der BLOB NOT NULL
    );
INSERT INTO "certificates" VALUES('7580e57e3e2bd820cd275ce1a1e238d152cfc20779153f9b38a0c7d096ae7791','6f9b7a081c7d97e36851d0ac0e290b5bec8787612228f2c8604bbbe5761d7ced',X'308201143081BBA003020102020101300A06082A8648CE3D04030230143112301006035504030C0976657273696F6E2031301E170D3236303130313030303030305A170D3335313233303030303030305A30143112301006035504030C0976657273696F6E20313059301306072A8648CE3D020106082A8648CE3D030107034200046C61C84113266A5A4597D162D0E3CED2381959D3C99F48832FF67A1A275F60012B69460A2F66FF98093B1DFFE9D666E45E8C178CF77BC29ED33E8BAA4DB47AB4300A06082A8648CE3D0403020348003045022002358896037C724591811914495D8CFC6DF8366D334BAA6BE9CA36391871277702210084173D8B8AD1F6A31FA33208C0039BE912E00A557F8BD73BA7952D4B12410E0D');
CREATE TABLE devices (
        id TEXT NOT NULL PRIMARY KEY,
        name TEXT NOT NULL,
        host TEXT NOT NULL,
        port INTEGER,
        scheme TEXT NOT NULL,
        path TEXT NOT NULL,
        endpoint TEXT NOT NULL,
        manufacturer TEXT NOT NULL,
        model TEXT NOT NULL,
        firmware TEXT NOT NULL,
        serial TEXT NOT NULL,
        tls TEXT NOT NULL,
        pin TEXT REFERENCES certificates,
        pin_origin TEXT,
        pin_at TEXT,
        pin_by TEXT,
        presented TEXT,
        attention TEXT NOT NULL,
        added_at TEXT NOT NULL,
        added_by TEXT NOT NULL
    );
INSERT INTO "devices" VALUES('cam-1','Gate ''east''; ⟨1B⟩ ünïcode','2001:db8::7',8443,'https','/onvif/device_service','urn:uuid:00000000-0000-4000-8000-000000000001','Acme','X-100','1.2.3','4711','TLS 1.3','7580e57e3e2bd820cd275ce1a1e238d152cfc20779153f9b38a0c7d096ae7791','issued','2026-11-24T07:00:00Z','camtrust','abababababababababababababababababababababababababababababababab','[{"kind":"review_change","text":"Changed.","hint":"Compare."},{"kind":"unreachable","text":"Gone.","hint":""}]','2026-11-24T07:00:00Z','ann');
INSERT INTO "devices" VALUES('cam-2','Back door','10.0.0.8',443,'','','','','','','','',NULL,NULL,NULL,NULL,NULL,'[]','2026-11-24T07:00:00Z','ann');
CREATE TABLE events (
        seq INTEGER NOT NULL PRIMARY KEY,
        at TEXT NOT NULL,
        who TEXT NOT NULL,
        kind TEXT NOT NULL,
        text TEXT NOT NULL,
        device TEXT,
        name TEXT NOT NULL,
        hash TEXT NOT NULL
    );
INSERT INTO "events" VALUES(1,'2026-11-24T07:00:00Z','ann','added','Added Front door.','cam-1','Front door','c817c82f2b180db09d698a6c2863cbc25bb2999f738e77dd4075094a339adb10');
INSERT INTO "events" VALUES(2,'2026-11-24T07:00:00Z','ann','seen','Second "event"',NULL,'Front door','dc1ccead48b1f2889cdc53a4bc19960eff49b73423903efadcd6784547976788');
CREATE TABLE installs (
        id TEXT NOT NULL PRIMARY KEY,
        device TEXT NOT NULL,
        request TEXT NOT NULL,
        started_at TEXT NOT NULL,
        attempt INTEGER NOT NULL,
        old TEXT,
        candidate TEXT REFERENCES certificates,
        closed INTEGER NOT NULL,
        outcome TEXT NOT NULL
    );
INSERT INTO "installs" VALUES('op-1','cam-1','{"address":"10.0.0.7","by":"ann","allow_http_login":false,"expect":null,"patience":5.0}','2026-11-24T07:00:00Z',1,NULL,'7580e57e3e2bd820cd275ce1a1e238d152cfc20779153f9b38a0c7d096ae7791',0,'');
CREATE TABLE journal (
        seq INTEGER NOT NULL PRIMARY KEY,
        install TEXT NOT NULL REFERENCES installs,
        step TEXT NOT NULL,
        phase TEXT NOT NULL,
        at TEXT NOT NULL,
        data TEXT NOT NULL
    );
INSERT INTO "journal" VALUES(1,'op-1','step 1','begin','2026-11-24T07:00:00Z','{"number":"1"}');
CREATE TABLE logins (
        device TEXT NOT NULL PRIMARY KEY REFERENCES devices ON DELETE CASCADE,
        sealed BLOB NOT NULL
    );
INSERT INTO "logins" VALUES('cam-1',X'45D3F86EA49E871AFB331E3E3D0E55CDFADD875E6B990B25028E6B1D6F131D4EED9D7D6920D62E7213D0C46B30D24D66E46AA702B9CFA6C28D5AE98C01FF9E041ADF16349A6A0D90DD86F59657AC8BCE368669');
CREATE TABLE pins (
        seq INTEGER NOT NULL PRIMARY KEY,
        device TEXT NOT NULL,
        previous TEXT REFERENCES certificates,
        fingerprint TEXT NOT NULL REFERENCES certificates,
        origin TEXT NOT NULL,
        at TEXT NOT NULL,
        by TEXT NOT NULL
    );
INSERT INTO "pins" VALUES(1,'cam-1',NULL,'7580e57e3e2bd820cd275ce1a1e238d152cfc20779153f9b38a0c7d096ae7791','issued','2026-11-24T07:00:00Z','camtrust');
CREATE INDEX pins_of_device ON pins (device, seq);
CREATE INDEX installs_of_device ON installs (device);
CREATE INDEX open_installs ON installs (closed) WHERE NOT closed;
CREATE INDEX journal_of_install ON journal (install, seq);
CREATE INDEX events_of_device ON events (device, seq);
CREATE TRIGGER events_never_change BEFORE UPDATE ON events
    BEGIN SELECT RAISE(ABORT, 'events are append-only'); END;
CREATE TRIGGER events_never_go BEFORE DELETE ON events
    BEGIN SELECT RAISE(ABORT, 'events are append-only'); END;
CREATE TRIGGER events_come_last BEFORE INSERT ON events
    WHEN NEW.seq IS NOT (SELECT coalesce(max(seq), 0) + 1 FROM events)
    BEGIN SELECT RAISE(ABORT, 'events are append-only'); END;
COMMIT;
PRAGMA application_id = 1128353108;
PRAGMA user_version = 1;
