// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {ERC20Votes} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Votes.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {Time} from "@openzeppelin/contracts/utils/types/Time.sol";

import {VklToken} from "vklad/VklToken.sol";
import {IVklToken} from "vklad/interfaces/IVklToken.sol";

import {Deployed} from "./Deployed.sol";

/// @dev OpenZeppelin's token as it is, minting one by one: the judge of ours.
contract Plain is ERC20Votes {
    constructor() ERC20("Plain", "P") EIP712("Plain", "1") {}

    function mint(address to, uint256 value) external {
        _mint(to, value);
    }

    function burn(address from, uint256 value) external {
        _burn(from, value);
    }

    function clock() public view override returns (uint48) {
        return Time.timestamp();
    }

    function CLOCK_MODE() public pure override returns (string memory) {
        return "mode=timestamp";
    }
}

contract VklTokenTest is Deployed {
    VklToken private ours;
    Plain private plain;

    function setUp() public {
        ours = VklToken(_create("VklToken", abi.encode(address(this))));
        plain = new Plain();
    }

    function testFuzz_OnlyBridge(address caller) public {
        vm.assume(caller != address(this));
        bytes memory refusal = abi.encodeWithSelector(IVklToken.OnlyBridge.selector, caller);
        vm.prank(caller);
        vm.expectRevert(refusal);
        ours.mintBatch(_record(address(0x77), 5));
        vm.prank(caller);
        vm.expectRevert(refusal);
        ours.crosschainMint(address(0x77), 5);
        vm.prank(caller);
        vm.expectRevert(refusal);
        ours.crosschainBurn(address(0x77), 0);
    }

    /// @dev Random batches, delegations, transfers and burns: every figure equals OpenZeppelin's.
    function testFuzz_SameAsOpenZeppelin(uint256 seed) public {
        uint256[] memory moments = new uint256[](8);
        for (uint256 step = 0; step < 8; ++step) {
            seed = uint256(keccak256(abi.encode(seed)));
            address one = _member(seed >> 8);
            address another = _member(seed >> 16);
            if (seed % 4 == 0) {
                vm.prank(one);
                ours.delegate(another);
                vm.prank(one);
                plain.delegate(another);
            } else if (seed % 4 == 1) {
                uint256 amount = ours.balanceOf(one) / 2;
                vm.prank(one);
                ours.transfer(another, amount);
                vm.prank(one);
                plain.transfer(another, amount);
            } else if (seed % 4 == 2) {
                uint256 amount = ours.balanceOf(one) / 3;
                ours.crosschainBurn(one, amount);
                plain.burn(one, amount);
            } else {
                _mintBoth(seed);
            }
            moments[step] = block.timestamp;
            if (seed & 0x800000 != 0) vm.warp(block.timestamp + 7);
        }
        vm.warp(block.timestamp + 1);
        _compare(moments);
    }

    function test_OneSupplyCheckpointPerBatch() public {
        bytes memory records;
        for (uint160 i = 1; i <= 50; ++i) {
            records = bytes.concat(records, _record(address(0x9000 + i), i));
        }
        _require(ours.mintBatch(records) == 1275, "sum");
        uint256 minted = block.timestamp;
        vm.warp(minted + 5);
        _require(ours.getPastTotalSupply(minted) == 1275 * POINT, "past supply");
        _require(ours.getPastTotalSupply(minted - 1) == 0, "supply before");
        _require(ours.totalSupply() == 1275 * POINT, "supply");
    }

    function test_RefusedRecords() public {
        address[3] memory refused = [address(0), address(ours), address(this)];
        for (uint256 i = 0; i < 3; ++i) {
            vm.expectRevert(abi.encodeWithSelector(IVklToken.RecipientRefused.selector, refused[i]));
            ours.mintBatch(_record(refused[i], 1));
            vm.expectRevert(abi.encodeWithSelector(IVklToken.RecipientRefused.selector, refused[i]));
            ours.crosschainMint(refused[i], 1);
        }
        vm.expectRevert(abi.encodeWithSelector(IVklToken.EmptyRecord.selector, address(0x77)));
        ours.mintBatch(_record(address(0x77), 0));
        vm.expectRevert(abi.encodeWithSelector(IVklToken.MalformedRecords.selector, 0, 26));
        ours.mintBatch("");
        bytes memory crooked = bytes.concat(_record(address(0x77), 1), hex"00");
        vm.expectRevert(abi.encodeWithSelector(IVklToken.MalformedRecords.selector, 27, 26));
        ours.mintBatch(crooked);
    }

    function test_SupplyCap() public {
        ours.crosschainMint(address(0x77), type(uint208).max);
        vm.expectRevert(
            abi.encodeWithSelector(
                ERC20Votes.ERC20ExceededSafeSupply.selector,
                uint256(type(uint208).max) + 1,
                type(uint208).max
            )
        );
        ours.crosschainMint(address(0x77), 1);
    }

    function test_BridgeIsNeeded() public {
        vm.expectRevert(abi.encodeWithSelector(IVklToken.OnlyBridge.selector, address(0)));
        _create("VklToken", abi.encode(address(0)));
    }

    function test_Faces() public view {
        _require(ours.supportsInterface(0x33331994), "ERC-7802");
        _require(keccak256(bytes(ours.CLOCK_MODE())) == keccak256("mode=timestamp"), "clock mode");
        _require(ours.clock() == block.timestamp, "clock");
    }

    /// @dev One number for permits and delegations: each signature counts once.
    function test_PermitOnce() public {
        uint256 key = 0xA11CE;
        address owner = vm.addr(key);
        uint256 deadline = block.timestamp + 9;
        bytes32 typehash = keccak256(
            "Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)"
        );
        bytes32 structHash = keccak256(abi.encode(typehash, owner, address(0x77), 5, 0, deadline));
        (uint8 v, bytes32 r, bytes32 s) =
            vm.sign(key, _digest(_domain("Vklad", address(ours)), structHash));
        _require(ours.nonces(owner) == 0, "none yet");
        ours.permit(owner, address(0x77), 5, deadline, v, r, s);
        _require(ours.allowance(owner, address(0x77)) == 5 && ours.nonces(owner) == 1, "once");
        vm.expectRevert();
        ours.permit(owner, address(0x77), 5, deadline, v, r, s);
    }

    function _mintBoth(uint256 seed) private {
        bytes memory records;
        for (uint256 i = 0; i < 1 + seed % 5; ++i) {
            uint256 points = 1 + (seed >> (i * 5)) % 1000;
            address to = _member(seed >> (40 + i * 7));
            records = bytes.concat(records, _record(to, points));
            plain.mint(to, points * POINT);
        }
        ours.mintBatch(records);
    }

    function _compare(uint256[] memory moments) private view {
        _require(ours.totalSupply() == plain.totalSupply(), "total supply");
        for (uint256 m = 0; m < moments.length; ++m) {
            _require(
                ours.getPastTotalSupply(moments[m]) == plain.getPastTotalSupply(moments[m]), "past supply"
            );
        }
        for (uint256 i = 0; i < 6; ++i) {
            address member = _member(i);
            _require(ours.balanceOf(member) == plain.balanceOf(member), "balance");
            _require(ours.getVotes(member) == plain.getVotes(member), "votes");
            _require(ours.numCheckpoints(member) == plain.numCheckpoints(member), "checkpoints");
            for (uint256 m = 0; m < moments.length; ++m) {
                _require(
                    ours.getPastVotes(member, moments[m]) == plain.getPastVotes(member, moments[m]),
                    "past votes"
                );
            }
        }
    }

    function _member(uint256 number) private pure returns (address) {
        return address(uint160(0x5000 + number % 6));
    }
}
