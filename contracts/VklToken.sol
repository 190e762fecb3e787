// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {ERC20Bridgeable} from "@openzeppelin/contracts/token/ERC20/extensions/draft-ERC20Bridgeable.sol";
import {ERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Permit.sol";
import {ERC20Votes} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Votes.sol";
import {Votes} from "@openzeppelin/contracts/governance/utils/Votes.sol";
import {Nonces} from "@openzeppelin/contracts/utils/Nonces.sol";
import {Time} from "@openzeppelin/contracts/utils/types/Time.sol";

import {IVklToken} from "./interfaces/IVklToken.sol";

/// @title Vklad token
/// @notice See {IVklToken}. One whole token is one point.
contract VklToken is IVklToken, ERC20, ERC20Permit, ERC20Votes, ERC20Bridgeable {
    /// @dev Recipient (20) and whole points (6).
    uint256 private constant RECORD_BYTES = 26;
    /// @dev Token units in one point: the token has 18 decimals.
    uint256 private constant UNITS_PER_POINT = 1e18;

    /// @inheritdoc IVklToken
    address public immutable BRIDGE;

    /// @param bridge The bridge; it may not be deployed yet, only its address must be known.
    constructor(address bridge) ERC20("Vklad", "VKL") ERC20Permit("Vklad") {
        if (bridge == address(0)) revert OnlyBridge(bridge);
        BRIDGE = bridge;
    }

    /// @inheritdoc IVklToken
    function mintBatch(bytes calldata records) external onlyTokenBridge returns (uint256 points) {
        uint256 length = records.length;
        if (length == 0 || length % RECORD_BYTES != 0) revert MalformedRecords(length, RECORD_BYTES);
        // Unchecked: a record's points are below 2^48 and calldata holds below 2^64 records, so no product
        // or sum here comes near 2^256.
        unchecked {
            for (uint256 offset = 0; offset < length; offset += RECORD_BYTES) {
                uint256 word;
                // A whole record lies at `offset`, as the length is a multiple; what the load reads
                // beyond it is shifted away. A checked slice would cost about 200 gas a record.
                assembly ("memory-safe") {
                    word := calldataload(add(records.offset, offset))
                }
                address recipient = address(uint160(word >> 96));
                uint256 recordPoints = uint48(word >> 48);
                if (recordPoints == 0) revert EmptyRecord(recipient);
                _credit(recipient, recordPoints * UNITS_PER_POINT);
                points += recordPoints;
            }
        }
        _checkpointMinted(points * UNITS_PER_POINT);
    }

    /// @notice Mint to one account, as ERC-7802 has it. Bridge only.
    function crosschainMint(address to, uint256 value) public override onlyTokenBridge {
        _credit(to, value);
        _checkpointMinted(value);
        emit CrosschainMint(to, value, msg.sender);
    }

    /// @inheritdoc Votes
    function clock() public view override returns (uint48) {
        return Time.timestamp();
    }

    /// @inheritdoc Votes
    // solhint-disable-next-line func-name-mixedcase
    function CLOCK_MODE() public pure override returns (string memory) {
        return "mode=timestamp";
    }

    /// @inheritdoc ERC20Permit
    function nonces(address owner) public view override(ERC20Permit, Nonces) returns (uint256) {
        return super.nonces(owner);
    }

    /// @dev Give minted units to an account. The caller checkpoints the supply afterwards, once.
    function _credit(address recipient, uint256 units) private {
        if (recipient == address(0) || recipient == address(this) || recipient == BRIDGE) {
            revert RecipientRefused(recipient);
        }
        _update(address(0), recipient, units);
    }

    /// @dev Move the checkpoint of the total supply up by what was minted since the last one. The token
    /// never delegates, so as a recipient it moves no one's votes.
    function _checkpointMinted(uint256 units) private {
        uint256 supply = totalSupply();
        uint256 cap = _maxSupply();
        if (supply > cap) revert ERC20ExceededSafeSupply(supply, cap);
        super._transferVotingUnits(address(0), address(this), units);
    }

    /// @dev As {ERC20Votes-_update} without the supply cap, which is checked once per mint above.
    function _update(address from, address to, uint256 value) internal override(ERC20, ERC20Votes) {
        ERC20._update(from, to, value);
        _transferVotingUnits(from, to, value);
    }

    /// @dev Of a mint only the recipient's delegate is moved here: the supply's checkpoint is moved once
    /// per batch by {_checkpointMinted}. Everything else is OpenZeppelin's.
    function _transferVotingUnits(address from, address to, uint256 amount) internal override {
        if (from == address(0)) _moveDelegateVotes(address(0), delegates(to), amount);
        else super._transferVotingUnits(from, to, amount);
    }

    /// @dev ERC-7802: who may mint and burn.
    function _checkTokenBridge(address caller) internal view override {
        if (caller != BRIDGE) revert OnlyBridge(caller);
    }
}
