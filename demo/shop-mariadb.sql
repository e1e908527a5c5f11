-- Copyright (c) 2026, vya.backupdb contributors
-- GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
-- SPDX-License-Identifier: GPL-3.0-or-later

-- A small shop for MariaDB. The rows are computed, so that they are the same each time.

SET NAMES utf8mb4;
SET SESSION time_zone = '+00:00';

CREATE TABLE customers (
    id INT AUTO_INCREMENT PRIMARY KEY,
    name VARCHAR(100) NOT NULL,
    email VARCHAR(100) NOT NULL UNIQUE,
    town VARCHAR(50) NOT NULL,
    since DATE NOT NULL
);

CREATE TABLE products (
    id INT AUTO_INCREMENT PRIMARY KEY,
    name VARCHAR(100) NOT NULL,
    price DECIMAL(10, 2) NOT NULL CHECK (price >= 0),
    stock INT NOT NULL DEFAULT 0,
    KEY products_by_name (name)
);

CREATE TABLE orders (
    id INT AUTO_INCREMENT PRIMARY KEY,
    customer_id INT NOT NULL,
    ordered DATETIME NOT NULL,
    state ENUM('open', 'paid', 'sent', 'returned') NOT NULL DEFAULT 'open',
    note JSON,
    KEY orders_by_customer (customer_id, ordered),
    FOREIGN KEY (customer_id) REFERENCES customers (id)
);

CREATE TABLE order_lines (
    order_id INT NOT NULL,
    line INT NOT NULL,
    product_id INT NOT NULL,
    pieces INT NOT NULL CHECK (pieces > 0),
    price DECIMAL(10, 2) NOT NULL,
    PRIMARY KEY (order_id, line),
    FOREIGN KEY (order_id) REFERENCES orders (id) ON DELETE CASCADE,
    FOREIGN KEY (product_id) REFERENCES products (id)
);

CREATE TABLE price_changes (
    id BIGINT AUTO_INCREMENT PRIMARY KEY,
    product_id INT NOT NULL,
    old_price DECIMAL(10, 2) NOT NULL,
    new_price DECIMAL(10, 2) NOT NULL,
    FOREIGN KEY (product_id) REFERENCES products (id)
);

DELIMITER $$

CREATE FUNCTION order_total(which INT) RETURNS DECIMAL(12, 2) READS SQL DATA
    RETURN (SELECT COALESCE(SUM(pieces * price), 0) FROM order_lines WHERE order_id = which) $$

CREATE TRIGGER price_change AFTER UPDATE ON products FOR EACH ROW
BEGIN
    IF OLD.price <> NEW.price THEN
        INSERT INTO price_changes (product_id, old_price, new_price) VALUES (NEW.id, OLD.price, NEW.price);
    END IF;
END $$

CREATE EVENT yearly_clean_up ON SCHEDULE EVERY 1 YEAR STARTS '2037-01-01' DO DELETE FROM price_changes $$

DELIMITER ;

CREATE VIEW order_totals AS
    SELECT o.id, c.name, o.ordered, o.state, order_total(o.id) AS total
    FROM orders o JOIN customers c ON c.id = o.customer_id;

CREATE VIEW best_sellers AS
    SELECT p.id, p.name, SUM(l.pieces) AS pieces
    FROM products p JOIN order_lines l ON l.product_id = p.id GROUP BY p.id, p.name ORDER BY pieces DESC, p.id LIMIT 10;

INSERT INTO customers (name, email, town, since)
SELECT CONCAT(
        ELT(seq % 10 + 1, 'Ada', 'Björn', 'Chiara', 'Dmitri', 'Eszter', 'François', 'Gül', 'Hanako', 'İpek', 'João'), ' ',
        ELT(seq % 9 + 1, 'Ångström', 'Brontë', 'Čapek', 'Dvořák', 'O''Neill', 'Müller', 'Nguyễn', 'Łukasz', 'de la Peña')
    ), CONCAT('customer.', seq, '@example.com'),
    ELT(seq % 7 + 1, 'Zürich', 'Kraków', 'Malmö', 'São Paulo', 'Reykjavík', 'İzmir', '京都'),
    '2020-01-01' + INTERVAL seq % 2000 DAY
FROM seq_1_to_1500;

INSERT INTO products (name, price, stock)
SELECT CONCAT(
        ELT(seq % 8 + 1, 'Brown', 'Green', 'Small', 'Large', 'Old', 'New', 'Folding', 'Round'), ' ',
        ELT(seq % 7 + 1, 'teapot', 'lamp', 'chair', 'umbrella', 'bicycle', 'kettle', 'blanket'), ' no. ', seq
    ), (seq * 37 % 9000 + 99) / 100, seq * 13 % 200
FROM seq_1_to_400;

INSERT INTO orders (customer_id, ordered, state, note)
SELECT seq * 7919 % 1500 + 1, '2026-01-01 08:00:00' + INTERVAL seq * 67 MINUTE,
    ELT(seq % 4 + 1, 'open', 'paid', 'sent', 'returned'),
    IF(seq % 50 = 0, JSON_OBJECT('gift', TRUE, 'words', 'For you 🎁, it''s a "surprise"'), NULL)
FROM seq_1_to_5000;

INSERT INTO order_lines (order_id, line, product_id, pieces, price)
SELECT o.seq, l.seq, p.id, (o.seq + l.seq) % 5 + 1, p.price
FROM seq_1_to_5000 AS o JOIN seq_1_to_4 AS l
    JOIN products AS p ON p.id = (o.seq * 31 + l.seq * 17) % 400 + 1
WHERE l.seq <= o.seq % 4 + 1;

UPDATE products SET price = price + 1 WHERE id % 25 = 0;
